import FlashModel

/// Android's boot image, versions 0 to 2 and 3 to 4 (U-Boot `include/android_image.h`): `ANDROID!`, sizes, then each part on a
/// page of its own. The SHA-1 in it is often of other bytes than the specification says, so it is plausible.
package enum AndroidBoot: ContentFormat {
    package static let name = "Android boot image"
    package static let signatures = [Signature("ANDROID!")]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let stored = try content.little(40)
        // Old devices have the size of a device tree where the version is.
        let version = stored <= 4 ? stored : 0
        let page = version >= 3 ? 4096 : try content.little(36)
        guard (2048...131072).contains(page), page.nonzeroBitCount == 1 else { return nil }
        var sizes =
            version >= 3
            ? [try content.little(8), try content.little(12)]
            : [try content.little(8), try content.little(16), try content.little(24), stored > 4 ? stored : 0]
        if version >= 1, version <= 2 { sizes.append(try content.little(1632)) }
        if version == 2 { sizes.append(try content.little(1648)) }
        if version == 4 { sizes.append(try content.little(1580)) }
        let end = page + sizes.compactMap { $0.roundedUp(to: page) }.saturatingSum()
        guard sizes[0] > 0, end <= content.size else { return nil }
        return Finding(
            name, at: content.start, size: end, grade: .plausible,
            facts: [
                Fact("version", .number(version)), Fact("page size", .size(page)),
                .text("name", version < 3 ? try content.text(at: 48, count: 16) : nil),
                .text("boot arguments", try content.text(at: version >= 3 ? 44 : 64, count: 512)),
            ])
    }
}
