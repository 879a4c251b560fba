/// Keys and certificates in DER (RFC 8017 PKCS#1, RFC 5208 PKCS#8, RFC 5915 EC, RFC 5280 X.509). All lengths must add up
/// exactly: plausible. The contents are not shown.
package enum DERKeys: ContentFormat {
    package static let name = "DER"
    package static let signatures = [
        // SEQUENCE { INTEGER 0, INTEGER … }, SEQUENCE { INTEGER 0, SEQUENCE … }, SEQUENCE { SEQUENCE { [0] … } }.
        Signature([0x02, 0x01, 0x00, 0x02], at: 4), Signature([0x02, 0x01, 0x00, 0x30], at: 4),
        Signature([0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20]),
        Signature([0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03], at: 2),
        Signature([0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07], at: 3),
        Signature([0xA0, 0x03, 0x02, 0x01, 0x02, 0x02], at: 8),
    ]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { head.byte(0) == 0x30 }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let outer = try element(at: 0, &content), outer.tag == 0x30, outer.end <= content.size,
            let children = try elements(outer.body, &content), let kind = try kind(children, &content)
        else { return nil }
        return Finding(
            name, at: content.start, size: outer.end, grade: .plausible,
            facts: [Fact("kind", .text(kind.name)), Fact("secret", .flag(kind.isSecret))] + kind.facts, isOpaque: true)
    }

    private struct Element {
        var tag: Int
        var body: Range<Int>
        var end: Int { body.upperBound }
    }

    private static func kind(
        _ parts: [Element], _ content: inout ContentBytes
    ) throws -> (name: String, isSecret: Bool, facts: [Fact?])? {
        switch parts.map(\.tag) {
        case [0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02]:
            let bits = (parts[1].body.count - 1) * 8
            return bits >= 256 ? ("RSA private key", true, [Fact("bits", .number(bits))]) : nil
        case let tags where tags.starts(with: [0x02, 0x30, 0x04]) && tags.count <= 4:
            return ("private key (PKCS#8)", true, [])
        case let tags where tags.starts(with: [0x02, 0x04]) && tags.count <= 4: return ("EC private key", true, [])
        case [0x30, 0x30, 0x03]:
            guard let fields = try elements(parts[0].body, &content), fields.count >= 7, fields[0].tag == 0xA0 else {
                return nil
            }
            return ("X.509 certificate", false, [.text("subject", try subject(fields[5], &content))])
        default: return nil
        }
    }

    /// The texts of a name, the last one of each set.
    private static func subject(_ field: Element, _ content: inout ContentBytes) throws -> String? {
        guard field.tag == 0x30, let sets = try elements(field.body, &content) else { return nil }
        var texts: [String] = []
        for set in sets {
            guard let pair = try elements(set.body, &content)?.first, let fields = try elements(pair.body, &content),
                fields.count == 2, fields[1].body.count <= 256,
                let text = try content.text(at: fields[1].body.lowerBound, count: fields[1].body.count)
            else { continue }
            texts.append(text)
        }
        return texts.joined(separator: ", ")
    }

    /// The elements that exactly fill a range; nil if they do not.
    private static func elements(_ range: Range<Int>, _ content: inout ContentBytes) throws -> [Element]? {
        var place = range.lowerBound
        var result: [Element] = []
        while place < range.upperBound {
            guard result.count < 64, let next = try element(at: place, &content), next.end <= range.upperBound else {
                return nil
            }
            result.append(next)
            place = next.end
        }
        return result
    }

    private static func element(at place: Int, _ content: inout ContentBytes) throws -> Element? {
        let (tag, first) = (try content.big(place, 1), try content.big(place + 1, 1))
        guard first != 0x80, first <= 0x83 else { return nil }
        let extra = first < 0x80 ? 0 : first & 0x0F
        let length = extra == 0 ? first : try content.big(place + 2, extra)
        let start = place + 2 + extra
        return Element(tag: tag, body: start..<(start + length))
    }
}
