import FlashModel

/// A tar archive (POSIX.1, ustar): headers of 512 bytes with a byte sum made with its own field as blanks, then the data padded
/// to 512, up to a block of zeros. Plausible: the data have no checksum. OpenWrt's sysupgrade images are such archives.
package enum TarArchive: ContentFormat {
    package static let name = "tar archive"
    package static let signatures = [Signature("ustar", at: 257)]
    package static let repeats = true
    private static let mostEntries = 1 << 16

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        guard head.count >= 512, let stored = octal(head, 148, 8) else { return false }
        let block = head.prefix(512)
        let sum =
            block.reduce(0) { $0 + Int($1) } - block.dropFirst(148).prefix(8).reduce(0) { $0 + Int($1) } + 8 * 0x20
        return sum == stored
    }

    private static func octal(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int? {
        let digits = bytes.dropFirst(offset).prefix(count).drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        return digits.isEmpty ? nil : digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var (place, count) = (0, 0)
        var names: [String] = []
        while place + 512 <= content.size, count < mostEntries {
            let head = try content.bytes(at: place, count: 512)
            guard head.has("ustar", 257), couldStart(head), let size = octal(head, 124, 12) else { break }
            count += 1
            if names.count < 64, let name = try content.text(at: place, count: 100) { names.append(name) }
            guard let next = (place + 512).plus(size)?.roundedUp(to: 512), next <= content.size else { break }
            place = next
        }
        guard count > 0, place > 0 else { return nil }
        // At least two blocks of zeros; most programs fill 10 KiB.
        for _ in 0..<20 where try content.isFilled(place..<(place + 512), with: 0) { place += 512 }
        return Finding(
            name, at: content.start, size: place, grade: .plausible,
            facts: [Fact("entries", .number(count)), .texts("names", names)])
    }
}
