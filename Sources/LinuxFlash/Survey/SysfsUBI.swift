import FlashAccess
package import FlashModel

/// `/sys/class/ubi/`: the attached UBI devices and their volumes.
///
/// Source: `Documentation/ABI/stable/sysfs-class-ubi` of the kernel. The attributes are better than the output of
/// `ubinfo`, which omits a colon and reports a volume with an unfinished update as OK.
package enum SysfsUBI {
    /// Parses the reply to the probe `sysfs-ubi.txt`; devices by number, volumes by id.
    package static func devices(_ reply: LinuxProbeReply) -> [UBIDevice] {
        var devices: [Int: UBIDevice] = [:]
        var volumes: [(device: Int, volume: UBIDevice.Volume)] = []
        for block in AttributeBlocks(reply).blocks {
            guard var title = ByteText(block.title).dropping("ubi"), let index = title.takeDecimal() else { continue }
            if title.isEmpty {
                guard let mtd = block.decimal("mtd_num"), devices[index] == nil else { continue }
                devices[index] = UBIDevice(index: index, mtd: mtd, volumes: [])
            } else if title.take("_"), let id = title.decimal {
                volumes.append(
                    (
                        index,
                        UBIDevice.Volume(
                            id: id, name: block.name ?? "", type: block.values["type"] ?? "unknown",
                            dataBytes: block.decimal("data_bytes") ?? 0,
                            reservedEraseBlocks: block.decimal("reserved_ebs") ?? 0)
                    ))
            }
        }
        for (device, volume) in volumes where devices[device]?.volumes.contains(where: { $0.id == volume.id }) == false
        {
            devices[device]?.volumes.append(volume)
        }
        return devices.values.map { device in
            var device = device
            device.volumes.sort { $0.id < $1.id }
            return device
        }.sorted { $0.index < $1.index }
    }
}
