/// Storage of a board that is not MTD flash, such as an eMMC: a backup does not contain it, and says so.
package struct OtherStorageDevice: Sendable, Codable, Hashable {
    /// The kernel's name: `mmcblk0`, `sda`; in a bootloader, `mmc0`.
    package var name: String
    /// The size in bytes.
    package var size: Int
    /// How the running system uses it, for people: `mounted on /`. Empty if no use was found.
    package var uses: [String]

    package init(name: String, size: Int, uses: [String] = []) {
        self.name = name
        self.size = size
        self.uses = uses
    }

    /// The kind of device, derived from the kernel's name.
    package var kind: String {
        switch name {
        case _ where name.hasPrefix("mmc"): "eMMC or SD card"
        case _ where name.hasPrefix("nvme"): "NVMe drive"
        default: "disk"
        }
    }

    /// A one-line description for people: `mmcblk0 (eMMC or SD card, 3.6 GiB, mounted on /)`.
    package var text: String {
        let words = [kind, ByteCount.text(size)] + uses.map { PrintableText.escaped($0, limit: 80) }
        return "\(PrintableText.escaped(name, limit: 20)) (\(words.joined(separator: ", ")))"
    }
}
