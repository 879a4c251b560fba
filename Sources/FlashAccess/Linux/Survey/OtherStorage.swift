import FlashModel

/// `/proc/partitions`: block devices, for boards whose firmware is on no MTD device.
enum OtherStorage {
    /// Whole devices that are neither RAM disks, loops, nor made of MTD, with their size: `mmcblk0` and bytes.
    ///
    /// The table has a header `major minor  #blocks  name` and blocks of 1 KiB (`block/genhd.c`, show_partition).
    static func parse(_ reply: LinuxProbeReply?) -> [(name: String, size: Int)] {
        var names: [(name: String, size: Int)] = []
        for line in reply?.lines.prefix(5000) ?? [] {
            let words = line.words
            guard words.count == 4, words[0].decimal != nil, let blocks = words[2].decimal,
                let size = blocks.times(1024), names.count < 256
            else { continue }
            let name = words[3].string(limit: 64)
            let made = ["mtdblock", "ubiblock", "ram", "loop", "zram", "dm-", "md", "nbd"]
            if made.contains(where: { name.hasPrefix($0) }) { continue }
            // A part of a device named before: mmcblk0p1, mmcblk0boot0 is a device of its own; sda1.
            let isPart = names.contains { other in
                guard name.hasPrefix(other.name) else { return false }
                var rest = ByteText(String(name.dropFirst(other.name.count)))
                _ = rest.take("p")
                return rest.decimal != nil
            }
            if !isPart { names.append((name, size)) }
        }
        return names
    }
}
