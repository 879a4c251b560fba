/// U-Boot, found by its version: `U-Boot 2023.01 (Jun 22 2026 - 08:38:07 +0000)`, also `U-Boot SPL …`, TPL and VPL
/// (U-Boot `include/version.h`, `common/spl/spl.c`).
///
/// It has no header that all boards share, so neither its start nor its end is known, and the finding is at the text. A
/// packed U-Boot shows its version only once it was unpacked. Other texts that begin with `U-Boot ` occur in each binary
/// and do not count.
package enum UBootBinary: ContentFormat {
    package static let name = "U-Boot"
    package static let signatures = [Signature("U-Boot ")]
    /// The longest version that is accepted, in bytes.
    private static let longest = 160

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { version(head) != nil }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let found = version(try content.bytes(at: 0, count: min(longest, content.size))) else { return nil }
        return Finding(
            name, at: content.start, size: nil, grade: .plausible,
            facts: [
                Fact("version", .text(found.version)), .text("stage", found.stage), Fact("built", .text(found.built)),
            ])
    }

    /// Splits `U-Boot [SPL ]VERSION (Mon DD YYYY - HH:MM:SS…)`.
    private static func version(_ bytes: ArraySlice<UInt8>) -> (version: String, stage: String?, built: String)? {
        let line = bytes.prefix(longest).prefix { (0x20...0x7E).contains($0) }
        guard let end = line.firstIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = String(decoding: line[..<end], as: UTF8.self).dropFirst("U-Boot ".count)
        let stage = ["SPL", "TPL", "VPL"].first { words.hasPrefix($0 + " ") }
        let rest = words.dropFirst(stage.map { $0.count + 1 } ?? 0)
        let parts = rest.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = rest.first, first.isASCII, first.isNumber else { return nil }
        // The date of the build is what other texts lack.
        guard let month = parts[1].split(separator: " ").first, months.contains(String(month)) else { return nil }
        return (String(parts[0]).trimmingControls, stage, String(parts[1]))
    }

    private static let months: Set = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
