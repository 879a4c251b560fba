import FlashModel

/// Netgear's CHK (OpenWrt firmware-utils `mkchkimg.c`): `*#$^`, big-endian sizes and sums, the board's id; then kernel and
/// root file system. The sums are two running ones, folded to 16 bits each. Proven by header and image sum.
package enum NetgearCHK: ContentFormat {
    package static let name = "Netgear CHK"
    package static let signatures = [Signature("*#$^")]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let header = try content.big(4)
        guard (41...128).contains(header) else { return nil }
        let body = try content.big(24) + content.big(28)
        guard let end = header.plus(body), end <= content.size, body > 0,
            let board = try content.text(at: 40, count: header - 40)
        else { return nil }
        var bytes = Array(try content.bytes(at: 0, count: header))
        for index in 36..<40 { bytes[index] = 0 }
        var sum = Sum()
        sum.add(bytes[...])
        guard sum.value == (try content.big(36)) else { return nil }
        var image = Sum()
        let isDone = try content.stream(header..<end) { image.add($0) }
        let stored = try content.big(32)
        return .checked(
            name, at: content.start, size: end, holds: isDone ? image.value == stored : nil,
            facts: [
                .text("board id", board), Fact("region", .number(try content.big(8, 1))),
                Fact("version", .text(try content.bytes(at: 9, count: 4).map(String.init).joined(separator: "."))),
            ])
    }

    /// The running sums.
    private struct Sum {
        private var first: UInt32 = 0
        private var second: UInt32 = 0

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes {
                first &+= UInt32(byte)
                second &+= first
            }
        }

        var value: Int { fold(second) << 16 | fold(first) }

        private func fold(_ number: UInt32) -> Int {
            let once = (number & 0xFFFF) &+ (number >> 16)
            return Int(((once >> 16) &+ once) & 0xFFFF)
        }
    }
}
