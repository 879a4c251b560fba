import FlashModel

/// A stored U-Boot environment (U-Boot `env/common.c`, `include/env_internal.h`): a CRC-32 in the byte order of the
/// processor, in a redundant pair a flag byte, then `name=value` texts, each ended by a zero, the last by two; the rest is
/// filled and covered by the checksum, the flag is not.
///
/// Its size is not stored: all multiples of 1 KiB up to 256 KiB are tried in one pass. Proven by the checksum. The same
/// texts without a valid checksum are the defaults inside U-Boot, ``UBootDefaults``.
package enum UBootEnvironmentContent: ContentFormat {
    package static let name = "U-Boot environment"
    package static let signatures: [Signature] = []
    package static let interval: Int? = 1024

    private static let step = 1024
    private static let largest = 256 << 10

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        EnvironmentText.startsVariable(head.dropFirst(4)) || EnvironmentText.startsVariable(head.dropFirst(5))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let first = try content.bytes(at: 0, count: min(content.size, 256))
        let sums = [UInt32(truncatingIfNeeded: first.little(0)), UInt32(truncatingIfNeeded: first.big(0))]
        for head in [4, 5] where EnvironmentText.startsVariable(first.dropFirst(head)) {
            guard let size = try size(head, sums, content) else { continue }
            let data = try whole(head..<size, content)
            let variables = EnvironmentText.variables(data[...])
            guard !variables.isEmpty else { continue }
            return Finding(
                name, at: content.start, size: size, grade: .proven,
                facts: [
                    Fact("variables", .number(variables.count)),
                    head == 5 ? Fact("redundant, flag", .number(Int(first.byte(4)))) : nil,
                ] + EnvironmentText.facts(variables), isOpaque: true)
        }
        return nil
    }

    /// The size with which the checksum holds; nil for none.
    private static func size(_ head: Int, _ sums: [UInt32], _ content: ContentBytes) throws -> Int? {
        var sum = CRC32()
        var found: Int?
        let end = min(content.size, largest)
        guard end > head else { return nil }
        var place = head
        _ = try content.stream(head..<end) { bytes in
            var rest = bytes
            while !rest.isEmpty, found == nil {
                let part = rest.prefix(step - place % step)
                sum.update(part)
                place += part.count
                rest = rest.dropFirst(part.count)
                if place % step == 0, sums.contains(sum.value) { found = place }
            }
        }
        return found
    }

    private static func whole(_ range: Range<Int>, _ content: ContentBytes) throws -> [UInt8] {
        var data: [UInt8] = []
        _ = try content.stream(range) { data += $0 }
        return data
    }
}
