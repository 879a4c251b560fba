/// The version in a running or unpacked kernel: `Linux version 5.15.150 (builder@host) (mips-openwrt-linux-musl-gcc …)
/// #0 Fri …` (Linux `init/version.c`, linux_banner).
///
/// The kernel's limits are unknown, so the finding is at the text. Templates with `%s`, and texts of programs without
/// user, compiler and number, do not count.
package enum LinuxVersion: ContentFormat {
    package static let name = "Linux version"
    package static let signatures = [Signature("Linux version ")]
    private static let longest = 512

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { (0x31...0x39).contains(head.byte(14)) }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 0, count: min(longest, content.size))
        let line = String(decoding: bytes.prefix { (0x20...0x7E).contains($0) }, as: UTF8.self)
        let rest = line.dropFirst("Linux version ".count)
        guard let version = rest.split(separator: " ").first, rest.contains("("), rest.contains("#"),
            !rest.contains("%s")
        else { return nil }
        let built = rest.firstIndex(of: "#").map { String(rest[$0...]) }
        // The template in the kernel has no number.
        guard let number = built?.dropFirst().first, number.isNumber else { return nil }
        let compiler = rest.dropFirst(version.count).prefix { $0 != "#" }
        return Finding(
            name, at: content.start, size: nil, grade: .plausible,
            facts: [
                Fact("version", .text(String(version))), .text("built", built),
                .text("compiler", String(compiler).trimmingControls),
            ])
    }
}
