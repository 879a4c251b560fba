/// The environment that is compiled into U-Boot and used when the stored one is invalid (U-Boot
/// `include/env_default.h`): the texts of ``UBootEnvironmentContent`` without a checksum.
///
/// It begins with `bootargs=` or `bootcmd=` in most builds. Plausible; a stored environment at the same place contains
/// it.
package enum UBootDefaults: ContentFormat {
    package static let name = "default environment"
    package static let signatures = [
        Signature([0] + Array("bootargs=".utf8)), Signature([0] + Array("bootcmd=".utf8)),
        Signature([0] + Array("bootdelay=".utf8)),
    ]
    package static let repeats = true
    private static let largest = 64 << 10
    /// The least variables: single texts of this kind occur in other places.
    private static let least = 3

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 1, count: min(largest - 1, content.size - 1))
        let variables = EnvironmentText.variables(bytes)
        guard variables.count >= least else { return nil }
        let end = tableEnd(bytes)
        // The finding starts at the text, not at the zero before it.
        return Finding(
            name, at: content.start + 1, size: end, grade: .plausible,
            facts: [Fact("variables", .number(variables.count))] + EnvironmentText.facts(variables))
    }

    /// Bytes up to the empty text that ends the table.
    private static func tableEnd(_ bytes: ArraySlice<UInt8>) -> Int {
        var rest = bytes
        while let end = rest.firstIndex(of: 0), end > rest.startIndex { rest = rest[rest.index(after: end)...] }
        return rest.startIndex - bytes.startIndex
    }
}
