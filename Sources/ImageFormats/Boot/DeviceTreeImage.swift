/// A device tree blob that is not a FIT image: it contains no images, or is damaged.
package struct DeviceTreeImage: Bootable {
    package static let name = "device tree"

    /// Whether it is inconsistent; it may have been a FIT image.
    package var isDamaged: Bool

    package init(isDamaged: Bool) {
        self.isDamaged = isDamaged
    }

    /// Recognizes any blob, so FIT images must be tried first.
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
