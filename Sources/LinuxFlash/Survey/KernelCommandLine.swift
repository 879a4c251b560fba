package import FlashAccess

/// The kernel's command line, `/proc/cmdline`.
package struct KernelCommandLine: Sendable, Hashable {
    /// The whole line.
    package var text: String
    /// The definitions in `mtdparts=`. They are no proof: they have an effect only if the chip's driver uses that
    /// parser.
    package var mtdparts: [PartitionDefinition]
    /// The device in `root=`, as given: `/dev/mtdblock5`, `31:05`, `ubi0:rootfs`.
    package var root: String?
    /// The values of `ubi.mtd=`, each a number or a name.
    package var ubiMTD: [String]

    /// Parses the output of `cat /proc/cmdline`, or the device tree's `bootargs`.
    package init(_ reply: LinuxProbeReply) {
        let line = ByteText(reply.output.prefix(BoardLimits.lineBytes)).trimmed
        text = line.string(limit: BoardLimits.lineBytes)
        mtdparts = []
        ubiMTD = []
        for word in Self.words(line) {
            if let value = word.dropping("mtdparts=") ?? word.dropping("cmdlinepart.mtdparts=") {
                mtdparts = PartitionDefinition.list(value)
            } else if let value = word.dropping("root=") {
                root = value.string()
            } else if let value = word.dropping("ubi.mtd="), ubiMTD.count < 64 {
                ubiMTD.append((value.before(",") ?? value).string())
            }
        }
    }

    /// The words, separated by white space; quotes protect it and are removed (`lib/cmdline.c`, next_arg).
    private static func words(_ line: ByteText) -> [ByteText] {
        var result: [ByteText] = []
        var word: [UInt8] = []
        var isQuoted = false
        for byte in line.bytes {
            if byte == 0x22 {
                isQuoted.toggle()
            } else if ByteText.isBlank(byte), !isQuoted {
                if !word.isEmpty { result.append(ByteText(word[...])) }
                word = []
            } else {
                word.append(byte)
            }
        }
        if !word.isEmpty { result.append(ByteText(word[...])) }
        return result
    }
}
