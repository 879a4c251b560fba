/// U-Boot's legacy image, uImage (U-Boot `include/image.h`, image_header_t): a big-endian header of 64 bytes, then the
/// data. ``LegacyImage`` parses it.
///
/// Both checksums are zlib's CRC-32: that of the header with its own field as 0, and that of the data. Some vendors put
/// 32 or 96 bytes between the two (OpenWrt firmware-utils `uimage_padhdr`, `uimage_sgehdr`), which the data's checksum
/// shows. `OKLI` is the magic number of kernels behind OpenWrt's small loader. Proven if both checksums hold; plausible
/// if only the header's does: a board may rewrite what a "firmware" image holds, and OpenWrt appends its root file
/// system outside of the size.
package enum LegacyImageContent: ContentFormat {
    package static let name = LegacyImage.name
    package static let signatures = [Signature([0x27, 0x05, 0x19, 0x56]), Signature("OKLI")]

    /// Extra bytes between header and data.
    private static let paddings = [0, 32, 96]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let codes = Array(head.dropFirst(28).prefix(4))
        // The highest numbers of U-Boot's lists are around 30 to 50.
        return codes.count == 4 && codes[0] <= 64 && codes[1] <= 64 && codes[2] <= 96 && codes[3] <= 16
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let image = try LegacyImage(&content.header)
        let magic = try content.text(at: 0, count: 4)
        let created = try content.big(8)
        var facts = [
            .text("name", image.name.trimmingControls), Fact("image type", .text(image.typeName)),
            Fact("architecture", .text(image.processor.name)),
            .text("operating system", systems[image.system]),
            image.compression.map { Fact("compression", .text($0.rawValue)) },
            created > 0 ? Fact("created", .date(Int64(created))) : nil, Fact("load address", .address(image.load)),
            Fact("entry point", .address(image.entry)), .text("variant", magic),
        ]
        guard image.dataSize > 0 else { return nil }
        guard image.isHeaderIntact else {
            return Finding(
                name, at: content.start, size: nil, grade: .hint, facts: facts,
                notes: ["the checksum of its header does not hold"])
        }
        if !image.files.isEmpty { facts.append(Fact("files", .texts(image.files.map { "\($0) bytes" }))) }
        for padding in paddings {
            let data = (LegacyImage.headerSize + padding)..<(LegacyImage.headerSize + padding + image.dataSize)
            guard data.upperBound <= content.size, let sum = try content.crc32(data) else { continue }
            guard sum == image.dataSum else { continue }
            if padding > 0 { facts.append(Fact("header size", .size(LegacyImage.headerSize + padding))) }
            return Finding(name, at: content.start, size: data.upperBound, grade: .proven, facts: facts)
        }
        let end = image.dataRange.upperBound
        let note =
            end > content.size
            ? "the image ends before it does" : "its header is intact, but its body was changed since"
        return Finding(
            name, at: content.start, size: end > content.size ? content.size : end, grade: .plausible, facts: facts,
            notes: [note])
    }

    /// U-Boot `include/image.h`, IH_OS_….
    private static let systems: [UInt8: String] = [
        2: "NetBSD", 5: "Linux", 14: "VxWorks", 16: "QNX", 17: "U-Boot", 25: "Arm Trusted Firmware", 26: "TEE",
        27: "OpenSBI", 28: "EFI",
    ]
}
