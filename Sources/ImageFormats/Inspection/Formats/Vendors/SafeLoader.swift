import FlashModel

/// TP-Link's SafeLoader file (OpenWrt firmware-utils `tplink-safeloader.c`): size, MD5 over a salt and all that follows,
/// 4 KiB of vendor information, a table of partitions as text at 0x1014, data from 0x1814. Proven by the MD5.
package enum SafeLoaderFile: ContentFormat {
    package static let name = "TP-Link SafeLoader firmware"
    package static let signatures = [Signature("fwup-ptn ", at: 0x1014)]
    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { head.big(0) > 0x1814 }

    private static let salt = HexText.bytes("7a2b15ed9b98596de504ab44ac2a9f4e")

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let size = try content.big(0)
        guard size > 0x1814, size <= content.size else { return nil }
        let stored = Hexadecimal.text(try content.bytes(at: 4, count: 16))
        let length = try content.big(0x14)
        let vendor = length < 0x1000 ? try content.text(at: 0x18, count: min(length, 120)) : nil
        let table = String(decoding: try content.bytes(at: 0x1014, count: 0x800).prefix { $0 != 0 }, as: UTF8.self)
        let lines = table.split(whereSeparator: \.isNewline).prefix(64).map { String($0).trimmingControls }
        return .checked(
            name, at: content.start, size: size,
            holds: try content.digest(.md5, before: salt, 0x14..<size).map { $0 == stored },
            facts: [.text("vendor", vendor), .texts("parts", lines)])
    }
}

/// The partition table that TP-Link's SafeLoader boards keep on flash: lines `partition NAME base 0x… size 0x…` (OpenWrt
/// firmware-utils `tplink-safeloader.c`, make_partition_table). Plausible: there is no checksum.
package enum SafeLoaderTable: ContentFormat {
    package static let name = "TP-Link partition table"
    package static let signatures = [Signature("partition ")]
    package static let repeats = true

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { entry(line(head)) != nil }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 0, count: min(4096, content.size)).prefix { $0 != 0 && $0 < 0x7F }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let entries = lines.prefix { entry($0) != nil }.compactMap { entry($0) }
        guard entries.count >= 2 else { return nil }
        let size = entries.isEmpty ? 0 : bytes.count
        return Finding(
            name, at: content.start, size: size, grade: .plausible,
            facts: [Fact("partitions", .texts(entries.map(\.text)))],
            table: FoundTable(.bytes, entries))
    }

    private static func line(_ bytes: ArraySlice<UInt8>) -> Substring {
        Substring(String(decoding: bytes.prefix(120).prefix { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self))
    }

    private static func entry(_ line: Substring) -> FoundPartition? {
        let words = line.split(separator: " ")
        guard words.count == 6, words[0] == "partition", words[2] == "base", words[4] == "size",
            let base = number(words[3]), let size = number(words[5])
        else { return nil }
        return FoundPartition(name: String(words[1]), offset: base, size: size)
    }

    private static func number(_ word: Substring) -> Int? {
        word.hasPrefix("0x") ? Int(word.dropFirst(2).trimmingCharacters, radix: 16) : nil
    }
}

extension Substring {
    /// Without the blanks at the end.
    fileprivate var trimmingCharacters: String { String(self).trimmingControls }
}
