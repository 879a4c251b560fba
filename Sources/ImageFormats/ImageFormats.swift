/// The formats that there are.
package enum ImageFormats {
    /// All formats, in the order in which they are tried. Those with the weakest magic numbers are last: that of raw LZMA
    /// is hardly one.
    package static let all: [any ImageFormat.Type] = [
        LegacyImage.self, FITImage.self, DeviceTreeImage.self, ELFImage.self, LinuxKernelImage.self, UBIArea.self,
        ForeignFirmware.self, CompressedFile.self,
    ]

    /// Formats whose erase blocks may be anywhere in their partition.
    package static var relocatable: [any Relocatable.Type] { all.compactMap { $0 as? any Relocatable.Type } }

    /// Recognises the format of an image.
    ///
    /// - Parameter formats: those that are tried, in this order.
    /// - Returns: nil if it is none of these, or shorter than its own header.
    /// - Throws: what reading the image throws.
    package static func recognize(
        _ bytes: inout ImageBytes, among formats: [any ImageFormat.Type] = all
    ) throws -> (any ImageFormat)? {
        do {
            for format in formats {
                bytes.restoreBudget()
                if let image = try format.recognize(&bytes) { return image }
            }
        } catch is ImageBytes.Fault {
            return nil
        }
        return nil
    }
}
