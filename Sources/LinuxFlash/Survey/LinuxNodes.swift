import FlashAccess

/// The device nodes that are there. A node that is missing and a shell's redirection make a plain file in memory, so
/// only a path that was seen to be a device may be used.
package struct LinuxNodes: Sendable, Hashable {
    /// Character devices, by path without the root: `/dev/mtd0`, `/dev/mtd0ro`.
    package var characters: Set<String> = []
    /// Block devices: `/dev/mtdblock0`.
    package var blocks: Set<String> = []
    /// Plain files where devices should be.
    package var files: Set<String> = []

    /// Parses the reply to the probe `nodes.txt`.
    package init(_ reply: LinuxProbeReply) {
        for line in reply.lines.prefix(10 * BoardLimits.devices) {
            if let path = line.dropping("c /") {
                characters.insert("/" + path.trimmed.string())
            } else if let path = line.dropping("b /") {
                blocks.insert("/" + path.trimmed.string())
            } else if let path = line.dropping("f /") {
                files.insert("/" + path.trimmed.string())
            }
        }
    }

    /// The character device to read an MTD device from: the one that cannot be written where there is one, names of
    /// devfs too; nil where none is there and one would have to be made.
    package func character(_ index: Int) -> String? {
        ["/dev/mtd\(index)ro", "/dev/mtd\(index)", "/dev/mtd/\(index)ro", "/dev/mtd/\(index)"]
            .first(where: characters.contains)
    }

    /// The block device of an MTD device.
    package func block(_ index: Int) -> String? {
        ["/dev/mtdblock\(index)", "/dev/mtdblock/\(index)"].first(where: blocks.contains)
    }
}
