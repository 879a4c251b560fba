import FlashAccess
import FlashModel

/// `/proc/partitions`: block devices, for boards whose firmware is not on an MTD device.
enum OtherStorage {
    /// Returns whole devices that are not RAM disks, loop devices or based on MTD; nil if there is no table.
    ///
    /// The table has a header `major minor #blocks name` and counts blocks of 1 KiB (`block/genhd.c`, show_partition).
    /// It may be empty: a board with only MTD storage prints at most the header.
    ///
    /// - Parameter root: the device of the kernel's `root=`.
    static func parse(_ reply: LinuxProbeReply?, mounts: Mounts, root: String?) -> [OtherStorageDevice]? {
        guard let reply, reply.exitStatus == 0 else { return nil }
        var devices: [OtherStorageDevice] = []
        for line in reply.lines.prefix(5000) {
            let words = line.words
            guard words.count == 4, words[0].decimal != nil, let blocks = words[2].decimal,
                let size = blocks.times(1024), devices.count < 256
            else { continue }
            let name = words[3].string(limit: 64)
            let made = ["mtdblock", "ubiblock", "ram", "loop", "zram", "dm-", "md", "nbd"]
            if made.contains(where: { name.hasPrefix($0) }) { continue }
            // Skip partitions of a device listed before: mmcblk0p1, sda1. mmcblk0boot0 is a device of its own.
            if !devices.contains(where: { isPart(name, of: $0.name) }) {
                devices.append(OtherStorageDevice(name: name, size: size))
            }
        }
        for position in devices.indices { devices[position].uses = uses(of: devices[position].name, mounts, root) }
        return devices
    }

    private static func isPart(_ name: String, of device: String) -> Bool {
        guard name.hasPrefix(device) else { return false }
        var rest = ByteText(String(name.dropFirst(device.count)))
        _ = rest.take("p")
        return rest.decimal != nil
    }

    /// Where its partitions are mounted. `/dev/root` stands for the device in the kernel's command line.
    private static func uses(of device: String, _ mounts: Mounts, _ root: String?) -> [String] {
        var uses: [String] = []
        for entry in mounts.entries {
            let source = entry.source == "/dev/root" ? root ?? entry.source : entry.source
            guard source.hasPrefix("/dev/") else { continue }
            let name = String(source.dropFirst("/dev/".count))
            guard name == device || isPart(name, of: device), uses.count < 8 else { continue }
            let use = "mounted on \(entry.target)"
            if !uses.contains(use) { uses.append(use) }
        }
        return uses
    }
}
