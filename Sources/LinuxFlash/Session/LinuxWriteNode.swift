/// The kind of device node that a method writes through (Linux `Documentation/admin-guide/devices.txt`).
enum LinuxWriteNode: Sendable, Hashable {
    /// `/dev/mtdN`: character, 90:2N.
    case character
    /// `/dev/mtdblockN`: block, 31:N.
    case block
}
