/// Public keys of SSH servers in dropbear's private key files (dropbear `signkey.c`): the name's length, the name, then numbers
/// with their lengths. A file that goes on with a private part is secret; whether it does, is not shown: plausible.
package enum DropbearKey: ContentFormat {
    package static let name = "SSH key"
    private static let kinds = ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-dss"]
    package static let signatures = kinds.map {
        Signature([0, 0, 0, UInt8($0.utf8.count)] + Array($0.utf8))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let length = try content.big(0)
        guard let kind = try content.text(at: 4, count: length) else { return nil }
        var place = 4 + length
        var parts = 0
        // Numbers of a key have at most 16384 bits.
        while place + 4 <= content.size, parts < 8 {
            let count = try content.big(place)
            guard (1...2049).contains(count), place + 4 + count <= content.size else { break }
            place += 4 + count
            parts += 1
        }
        guard parts >= 1 else { return nil }
        return Finding(
            name, at: content.start, size: place, grade: .plausible,
            facts: [Fact("kind", .text(kind)), Fact("secret", .flag(true))], isOpaque: true)
    }
}
