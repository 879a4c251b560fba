/// The known formats.
package enum ImageFormats {
    /// All formats, in the order in which they are tried. Those with weak magic numbers are last: raw LZMA hardly has
    /// one.
    package static let all: [any ImageFormat.Type] = [
        LegacyImage.self, FITImage.self, DeviceTreeImage.self, ELFImage.self, LinuxKernelImage.self, UBIArea.self,
        ForeignFirmware.self, CompressedFile.self,
    ]

    /// The formats whose erase blocks may be anywhere in their partition.
    package static var relocatable: [any Relocatable.Type] { all.compactMap { $0 as? any Relocatable.Type } }

    /// Recognizes the format of an image.
    ///
    /// - Parameter formats: the formats to try, in this order.
    /// - Returns: nil if it has none of these formats, or is shorter than its own header.
    /// - Throws: errors of reading the image.
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
