import FlashModel

/// A cpio archive, such as an initramfs (Linux `Documentation/driver-api/early-userspace/buffer-format.rst`): headers of 110
/// characters, `070701` or `070702`, numbers as eight hexadecimal digits, names and data padded to 4 bytes, to the entry
/// `TRAILER!!!`. The form without checksums is proven by walking it whole: its structure covers every byte.
package enum CPIOArchive: ContentFormat {
    package static let name = "cpio archive"
    package static let signatures = [Signature("070701"), Signature("070702")]
    package static let repeats = true
    private static let mostEntries = 1 << 17

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= 110 && head.dropFirst(6).prefix(104).allSatisfy { HexText.digit($0) != nil }
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var place = 0
        var names: [String] = []
        for count in 0..<mostEntries {
            let head = try content.bytes(at: place, count: 110)
            guard head.has("07070"), couldStart(head) else { return nil }
            func number(_ index: Int) -> Int {
                head.dropFirst(6 + 8 * index).prefix(8).reduce(0) { $0 << 4 | (HexText.digit($1) ?? 0) }
            }
            let (size, length) = (number(6), number(11))
            guard (1...4096).contains(length), let name = try content.text(at: place + 110, count: length) else {
                return nil
            }
            place += (110 + length + 3) & ~3
            if name == "TRAILER!!!" {
                guard count > 0 else { return nil }
                return Finding(
                    Self.name, at: content.start, size: min(place, content.size), grade: .proven,
                    facts: [
                        Fact("entries", .number(count)),
                        .texts("top-level names", names.filter { !$0.contains("/") && $0 != "." }.sorted()),
                    ])
            }
            if names.count < 256 { names.append(name) }
            guard let next = place.plus(size)?.roundedUp(to: 4), next <= content.size else { return nil }
            place = next
        }
        return nil
    }
}
