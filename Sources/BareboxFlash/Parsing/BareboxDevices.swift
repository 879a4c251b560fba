package import FlashAccess
import FlashModel

/// The devices and their files, as `devinfo` lists them.
package struct BareboxDevices: Sendable, Hashable {
    /// A file in `/dev`.
    package struct File: Sendable, Hashable {
        /// Without the folder: `nor0`, `nor0.kernel`.
        package var name: ByteText
        /// The name of the device that it belongs to.
        package var device: ByteText
        /// In bytes; from the start of the device, not of the chip.
        package var offset: Int
        /// In bytes; nil if the file has no end.
        package var size: Int?
    }

    package private(set) var files: [File] = []
    /// The network interfaces, which have no files.
    package private(set) var interfaces: [BareboxInterfaceName] = []
    /// Lines of the tree that were not understood.
    package private(set) var strayLines: [String] = []

    /// nil if the reply is no tree.
    package init?(_ reply: ConsoleReply) {
        var device = ByteText("")
        var hasTree = false
        for line in reply.lines {
            var text = line.trimmed
            guard text.take("`-") else { continue }
            hasTree = true
            while text.take("-") {}
            guard text.take(" ") else {
                strayLines.append(line.string(limit: 80))
                continue
            }
            guard text.hasPrefix("0x") else {
                device = text.trimmed
                if let name = BareboxInterfaceName(device), interfaces.count < BoardLimits.devices {
                    interfaces.append(name)
                }
                continue
            }
            guard files.count < BoardLimits.devices, let file = Self.file(text, of: device) else {
                strayLines.append(line.string(limit: 80))
                continue
            }
            files.append(file)
        }
        guard hasTree else { return nil }
    }

    /// `0x00000000-0x000fffff (     1 MiB): /dev/mtdram0, alias` (`commands/devinfo.c`, do_devinfo_subtree).
    private static func file(_ line: ByteText, of device: ByteText) -> File? {
        // Earlier ones have no size behind the range.
        guard let range = line.before(" ")?.split(0x3A, most: 2).first?.split(0x2D, most: 2), range.count == 2,
            let start = range[0].hexadecimal,
            let last = range[1].address, let names = line.after(": /dev/")
        else { return nil }
        let name = names.before(", ") ?? names
        guard !name.isEmpty else { return nil }
        // The last address of a file without an end is that of the 64-bit numbers.
        let end = Int(exactly: last).flatMap { $0.plus(1) }
        guard let end, end <= BoardLimits.number else {
            return File(name: name, device: device, offset: start, size: nil)
        }
        guard end >= start else { return nil }
        return File(name: name, device: device, offset: start, size: end - start)
    }

    /// The devices that may be flash: those with a file of their own name, from the start. Everything else that they may
    /// be has no page size, as their parameters show.
    package var candidates: [BareboxDeviceName] {
        files.filter { $0.name == $0.device && $0.offset == 0 && $0.size != nil && $0.size != 0 }
            .compactMap { BareboxDeviceName($0.name) }
    }

    /// The disks and cards: files of their own that are no MTD, by the names that barebox gives them
    /// (`drivers/mci/mci-core.c`, `drivers/ata/`, `drivers/usb/storage/`).
    package var disks: [File] {
        files.filter { file in
            ["mmc", "disk", "ata", "nvme"].contains { kind in
                file.name.dropping(kind).map { $0.decimal != nil } == true
            }
        }
    }
}
