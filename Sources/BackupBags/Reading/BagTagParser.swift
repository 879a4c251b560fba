import FlashModel

/// An entry of a bag's list of files.
package struct BagEntry: Sendable, Hashable {
    /// The path in the bag, with `/`.
    package var path: String
    /// 64 lower-case hexadecimal digits.
    package var sha256: String

    package init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// A field of `bag-info.txt`.
package struct BagInfoField: Sendable, Hashable {
    package var label: String
    package var value: String

    package init(label: String, value: String) {
        self.label = label
        self.value = value
    }
}

/// Parses the text files of a bag (RFC 8493 section 2). Pure: bytes in, values and problems out.
///
/// A path that leads out of the bag is an error; every other problem is a line of text.
enum BagTagParser {
    /// Splits a text file into lines ended by LF, CR or CR LF (section 2.1.3).
    ///
    /// - Returns: nil if the bytes are not UTF-8.
    static func lines(_ bytes: [UInt8]) -> [Substring]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        // CR LF is a single Character in Swift.
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// The version in a `bagit.txt`: `1.0`.
    ///
    /// - Returns: nil if it is not a valid `bagit.txt` (section 2.1.1).
    static func version(_ bytes: [UInt8]) -> String? {
        guard let lines = lines(bytes), lines.count == 2, let version = field(lines[0]), let encoding = field(lines[1]),
            version.label == "BagIt-Version", encoding.label == "Tag-File-Character-Encoding",
            encoding.value.uppercased() == "UTF-8"
        else { return nil }
        return version.value
    }

    /// The fields of a `bag-info.txt` (section 2.2.2). A line that begins with a blank continues the previous one.
    static func info(_ bytes: [UInt8]) -> (fields: [BagInfoField], problems: [String]) {
        guard let lines = lines(bytes) else { return ([], ["\(BagLayout.bagInfo) is not UTF-8"]) }
        var fields: [BagInfoField] = []
        var problems: [String] = []
        for (number, line) in lines.enumerated() where !line.isEmpty {
            if line.first == " " || line.first == "\t", !fields.isEmpty {
                fields[fields.count - 1].value += " " + String(trimmed(line))
            } else if let field = field(line) {
                fields.append(field)
            } else {
                problems.append("line \(number + 1) of \(BagLayout.bagInfo) is not valid")
            }
        }
        return (fields, problems)
    }

    /// The entries of a list of files (section 2.1.3).
    ///
    /// - Parameters:
    ///   - name: the name of the list, for problem texts.
    ///   - isPayload: whether its files are below `data/`, or all elsewhere.
    ///   - allowsAsterisk: whether a `*` before a path is accepted, as written by old checksum tools (bags before 1.0).
    /// - Throws: `bagUnsafePath`.
    static func entries(
        _ bytes: [UInt8], name: String, isPayload: Bool, allowsAsterisk: Bool
    ) throws -> (entries: [BagEntry], problems: [String]) {
        guard let lines = lines(bytes) else { return ([], ["\(name) is not UTF-8"]) }
        var entries: [BagEntry] = []
        var problems: [String] = []
        var seen: Set<String> = []
        func problem(_ number: Int, _ text: String) {
            if problems.count < 100 { problems.append("line \(number + 1) of \(name) \(text)") }
        }
        for (number, line) in lines.enumerated() {
            let digest = line.prefix { $0 != " " && $0 != "\t" }
            var path = line[digest.endIndex...].drop { $0 == " " || $0 == "\t" }
            if allowsAsterisk, path.first == "*" { path.removeFirst() }
            guard !path.isEmpty else {
                problem(number, "is not valid")
                continue
            }
            let decoded = BagPath.decoded(String(path))
            guard BagPath.isSafe(decoded) else { throw unsafePath(decoded, in: name) }
            guard digest.utf8.count == 64, digest.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                problem(number, "has no valid SHA-256: \(PlainText.line(decoded))")
                continue
            }
            guard decoded.hasPrefix("data/") == isPayload else {
                problem(number, "names a file that does not belong there: \(PlainText.line(decoded))")
                continue
            }
            guard seen.insert(decoded).inserted else {
                problem(number, "names a file twice: \(PlainText.line(decoded))")
                continue
            }
            entries.append(BagEntry(path: decoded, sha256: digest.lowercased()))
        }
        return (entries, problems)
    }

    static func unsafePath(_ path: String, in name: String) -> FlashkeepError {
        FlashkeepError(
            .bagUnsafePath, what: "this backup names the path \(PlainText.line(String(path.prefix(200))))",
            why: "\(name) may only name files within the backup, and this path leads elsewhere",
            next: "do not trust this backup: it may have been made to harm this computer")
    }

    private static func field(_ line: Substring) -> BagInfoField? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let label = trimmed(line[..<colon])
        guard !label.isEmpty else { return nil }
        return BagInfoField(label: String(label), value: String(trimmed(line[line.index(after: colon)...])))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
