internal import FlashAccess

/// The status and the headers of a reply. Pure.
struct HTTPHead: Sendable {
    /// What a reply says about the length of its body.
    enum Length: Sendable, Hashable {
        /// Nothing: it ends with the connection, or comes in chunks.
        case none
        /// In bytes.
        case exact(Int)
        /// A text that is not a length, or one that no flash has.
        case nonsense(String)
    }

    /// 100 to 999; 0 if the status line was not understood.
    let status: Int
    private let fields: [(name: String, value: [UInt8])]

    /// The most header lines that are looked at.
    private static let limit = 200

    /// - Parameter bytes: from the status line to the empty line.
    init(_ bytes: [UInt8]) {
        let lines = ByteText.lines(of: bytes)
        status = lines.first?.words.dropFirst().first?.decimal.flatMap { (100...999).contains($0) ? $0 : nil } ?? 0
        fields = lines.dropFirst().prefix(Self.limit).compactMap { line in
            guard let name = line.before(":"), let value = line.after(":") else { return nil }
            return (name.trimmed.lowercased.string(limit: 64), Array(value.trimmed.bytes))
        }
    }

    /// The first value of a header.
    ///
    /// - Parameter name: in lower case.
    func value(_ name: String) -> ByteText? { values(name).first }

    /// All values of a header.
    ///
    /// - Parameter name: in lower case.
    func values(_ name: String) -> [ByteText] {
        fields.filter { $0.name == name }.map { ByteText($0.value[...]) }
    }

    var length: Length {
        guard let text = value("content-length") else { return .none }
        // Beyond 2^50 bytes it is not the length of flash; the parser refuses that.
        guard let count = text.decimal else { return .nonsense(text.string(limit: 40)) }
        return .exact(count)
    }

    /// The type in lower case, without parameters: `text/html`; empty if there is none.
    var type: String {
        guard let value = value("content-type") else { return "" }
        return (value.before(";") ?? value).trimmed.lowercased.string(limit: 80)
    }

    /// How the server packed the body: `gzip`; nil if it did not.
    var packing: String? {
        guard let value = value("content-encoding")?.lowercased, !value.isEmpty,
            !value.bytes.elementsEqual("identity".utf8)
        else { return nil }
        return value.string(limit: 40)
    }

    /// The first byte of a part of a file, and the size of the whole if it is given: `bytes 100-199/200`.
    var contentRange: (start: Int, total: Int?)? {
        guard var rest = value("content-range")?.lowercased, rest.take("bytes") else { return nil }
        rest.takeBlanks()
        guard let start = rest.takeDecimal(), rest.take("-"), let last = rest.takeDecimal(), last >= start,
            rest.take("/")
        else { return nil }
        return (start, rest.decimal)
    }

    /// The value of a cookie that the reply sets; nil if it does not.
    func cookie(_ name: String) -> String? {
        for value in values("set-cookie") {
            guard let pair = value.split(0x3B, most: 1).first, let found = pair.before("=")?.trimmed,
                found.bytes.elementsEqual(name.utf8), let text = pair.after("=")?.trimmed
            else { continue }
            let isPlain = text.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3B && $0 != 0x2C }
            return isPlain && (1...256).contains(text.bytes.count) ? text.string() : nil
        }
        return nil
    }
}
