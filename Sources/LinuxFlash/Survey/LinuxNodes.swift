import FlashAccess

/// The existing device nodes. Redirecting output to a missing node creates a regular file in RAM, so only a path known
/// to be a device may be used.
package struct LinuxNodes: Sendable, Hashable {
    /// Character devices, by path without the root: `/dev/mtd0`, `/dev/mtd0ro`.
    package var characters: Set<String> = []
    /// Block devices: `/dev/mtdblock0`.
    package var blocks: Set<String> = []
    /// Regular files where devices should be.
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

    /// The character device to read an MTD device from, preferably the read-only one, also with devfs names; nil if
    /// none exists and one must be created.
    package func character(_ index: Int) -> String? {
        // `/dev/mtd/mtd0` is what some cameras have.
        [
            "/dev/mtd\(index)ro", "/dev/mtd\(index)", "/dev/mtd/\(index)ro", "/dev/mtd/\(index)",
            "/dev/mtd/mtd\(index)ro", "/dev/mtd/mtd\(index)",
        ]
        .first(where: characters.contains)
    }

    /// The block device of an MTD device.
    package func block(_ index: Int) -> String? {
        [
            "/dev/mtdblock\(index)", "/dev/mtdblock/\(index)", "/dev/mtd/mtdblock\(index)",
            "/dev/mtdblock/mtdblock\(index)",
        ]
        .first(where: blocks.contains)
    }
}
