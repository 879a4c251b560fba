import FlashAccess

/// `/proc/mounts`: the mounted file systems, and which of them are on flash.
package struct Mounts: Sendable, Hashable {
    /// The device below a file system.
    package enum Base: Sendable, Hashable {
        /// `/dev/mtdblockN`, `mtdN`: an MTD device by number.
        case mtd(Int)
        /// `mtd:name`: the first MTD device of that name.
        case mtdName(String)
        /// `ubi0:name`, `ubi0_1`, `/dev/ubi0_1`, `/dev/ubiblock0_1`: a volume of a UBI device.
        case ubi(device: Int, volume: Int?, name: String?)
        /// `/dev/root`: the device in the command line's `root=`.
        case root
        /// Not flash.
        case other
    }

    /// A line.
    package struct Entry: Sendable, Hashable {
        /// As printed, with `\040` decoded to a space.
        package var source: String
        package var target: String
        /// `squashfs`, `jffs2`, `ubifs`, …
        package var type: String
        /// Whether it is mounted `rw`.
        package var isWritable: Bool
        package var base: Base
    }

    package var entries: [Entry]

    /// Parses the output of `cat /proc/mounts`.
    package init(_ reply: LinuxProbeReply) {
        entries = []
        for line in reply.lines {
            let words = line.words
            guard words.count >= 4, entries.count < BoardLimits.devices else { continue }
            let source = Self.unescaped(words[0])
            let type = words[2].string()
            entries.append(
                Entry(
                    source: source, target: Self.unescaped(words[1]), type: type,
                    isWritable: words[3].split(0x2C).contains { $0.bytes.elementsEqual("rw".utf8) },
                    base: Self.base(source, type: type)))
        }
    }

    /// Classifies a device by its name in the first column or in the command line's `root=`.
    package static func base(_ source: String, type: String = "") -> Base {
        var text = ByteText(source)
        if text.bytes.elementsEqual("/dev/root".utf8) || text.bytes.elementsEqual("rootfs".utf8) && type == "jffs2" {
            return .root
        }
        if let name = text.dropping("mtd:") { return .mtdName(name.string()) }
        if text.hasPrefix("31:"), let minor = text.dropping("31:")?.decimal { return .mtd(minor) }
        _ = text.take("/dev/")
        for prefix in ["mtdblock/", "mtdblock", "mtd"] {
            if let rest = text.dropping(prefix), let index = rest.decimal { return .mtd(index) }
        }
        for prefix in ["ubiblock", "ubi"] {
            guard var rest = text.dropping(prefix) else { continue }
            let device = rest.takeDecimal()
            if rest.take("_"), let device {
                return .ubi(device: device, volume: rest.decimal, name: nil)
            }
            if rest.take(":") || rest.take("!") {
                return .ubi(device: device ?? 0, volume: nil, name: rest.string())
            }
        }
        return .other
    }

    /// Decodes spaces, tabs, newlines and backslashes, printed as three octal digits (`fs/proc_namespace.c`, mangle).
    private static func unescaped(_ word: ByteText) -> String {
        var result: [UInt8] = []
        var rest = word.bytes.prefix(1024)
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == 0x5C, digits.count == 3, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 }) {
                let value = digits.reduce(0) { $0 * 8 + Int($1) - 0x30 }
                result.append(UInt8(truncatingIfNeeded: value))
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
