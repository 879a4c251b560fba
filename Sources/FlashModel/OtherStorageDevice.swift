/// Storage of a board that is no MTD flash, such as an eMMC: a backup does not hold it, and says so.
package struct OtherStorageDevice: Sendable, Codable, Hashable {
    /// The kernel's name: `mmcblk0`, `sda`.
    package var name: String
    /// Bytes.
    package var size: Int
    /// How the running system uses it, in words: `mounted on /`. Empty where it is not seen to.
    package var uses: [String]

    package init(name: String, size: Int, uses: [String] = []) {
        self.name = name
        self.size = size
        self.uses = uses
    }

    /// What the kernel's name says that it is.
    package var kind: String {
        switch name {
        case _ where name.hasPrefix("mmcblk"): "eMMC or SD card"
        case _ where name.hasPrefix("nvme"): "NVMe drive"
        default: "disk"
        }
    }

    /// On one line, as a person reads it: `mmcblk0 (eMMC or SD card, 3.6 GiB, mounted on /)`.
    package var text: String {
        let words = [kind, ByteCount.text(size)] + uses.map { PrintableText.escaped($0, limit: 80) }
        return "\(PrintableText.escaped(name, limit: 20)) (\(words.joined(separator: ", ")))"
    }
}
