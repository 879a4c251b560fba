/// A device tree blob that is no FIT image: without images in it, or damaged.
package struct DeviceTreeImage: Bootable {
    package static let name = "device tree"

    /// Whether it contradicts itself; it may have been a FIT image then.
    package var isDamaged: Bool

    package init(isDamaged: Bool) {
        self.isDamaged = isDamaged
    }

    /// Recognises every blob: those of FIT images must have been recognised before.
    package static func recognize(_ bytes: inout ImageBytes) throws -> DeviceTreeImage? {
        guard try bytes.has(FlattenedDeviceTree.magic, at: 0) else { return nil }
        do {
            _ = try FlattenedDeviceTree(&bytes)
            return DeviceTreeImage(isDamaged: false)
        } catch is ImageBytes.Fault {
            return DeviceTreeImage(isDamaged: true)
        } catch is FlattenedDeviceTree.Fault {
            return DeviceTreeImage(isDamaged: true)
        }
    }

    package var summary: String { isDamaged ? "damaged device tree or FIT image" : "device tree" }

    package func fault(fileSize: Int) -> String? {
        isDamaged
            ? "It is a device tree or FIT image that is damaged or truncated."
            : "It is a device tree without a kernel."
    }
}
