private import FlashModel
package import ImageFormats
package import LocalFiles
package import SystemPackage

/// A file on this computer with an image to start on a board.
package struct BootFile: Sendable {
    /// As the user gave it.
    package let path: FilePath
    package let image: BootImage
    /// The CRC-32 of the whole file, as U-Boot computes it.
    package let sum: UInt32
    /// The POSIX checksum of the whole file, as RedBoot computes it; eight hexadecimal digits.
    package let posixSum: String

    /// The file name that the board requests: letters, digits, `.`, `-` and `_`, so that every U-Boot accepts it as one
    /// word.
    package var name: String {
        let last = path.lastComponent?.string ?? "image"
        let kept = last.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x2D, 0x5F: byte
            default: 0x5F
            }
        }
        // Some programs treat a leading dash or dot specially.
        return "fk-" + String(decoding: kept.suffix(60), as: UTF8.self)
    }

    /// Opens a file and identifies its format.
    ///
    /// - Parameter address: the user's choice of address in RAM; required for unknown formats.
    /// - Throws: ``FlashkeepError`` with `fileUnavailable`, or `imageUnsuitable` if no board can start it.
    package init(_ path: FilePath, address: UInt64? = nil, disk: Disk = Disk()) throws {
        let named = try disk.openNamed(path)
        guard !named.isDirectory else {
            throw FlashkeepError(
                .fileUnavailable, what: "\"\(PrintableText.escaped(path.string))\" is not an image.",
                why: "It is a folder.",
                next: "Give the initramfs image that was made for this board.")
        }
        self.path = path
        let file = named.file
        let size = try file.size()
        image = try BootImage(size: size) { range in
            var bytes = [UInt8](repeating: 0, count: range.count)
            let got = try file.read(into: &bytes, count: range.count, at: range.lowerBound)
            return Array(bytes[..<got])
        }
        var sum = CRC32()
        var posixSum = StreamingChecksum(.cksum)
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        try file.stream(0..<size, buffer: &buffer) { _, bytes in
            sum.update(bytes)
            posixSum.update(bytes)
        }
        self.sum = sum.value
        self.posixSum = posixSum.finalize().hex
        if let refusal = image.refusal(file: path.string, address: address) { throw refusal }
    }
}
