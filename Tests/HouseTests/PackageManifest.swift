/// The targets of a `Package.swift`, parsed as text.
struct PackageManifest {
    struct Target {
        var name: String
        /// The targets of this package that it uses, in the order of the manifest.
        var uses: [String]
        /// Whether it is a test target, or used only by tests.
        var isForTests: Bool
    }

    /// The targets in the order of the manifest.
    let targets: [Target]

    init(_ text: String) {
        var found: [Target] = []
        let bytes = Array(text.utf8)
        var position = 0
        while let call = Self.call(in: bytes, from: position) {
            position = call.end
            let strings = Self.strings(in: call.arguments)
            guard let name = strings.first(where: { $0.label == "name" })?.text else { continue }
            found.append(
                Target(
                    name: name, uses: strings.filter { $0.label == "dependencies" }.map(\.text),
                    isForTests: call.name == "testTarget"
                        || strings.contains { $0.label == "path" && $0.text.hasPrefix("Tests/") }))
        }
        let names = Set(found.map(\.name))
        targets = found.map { target in
            var target = target
            target.uses = target.uses.filter(names.contains)
            return target
        }
    }

    /// The targets that each of the program's targets uses.
    var uses: [String: [String]] {
        Dictionary(targets.filter { !$0.isForTests }.map { ($0.name, $0.uses) }) { first, _ in first }
    }

    private static let calls = ["target", "executableTarget", "testTarget", "systemLibrary"]

    /// Finds the next `.target(…)` or similar call.
    private static func call(
        in bytes: [UInt8], from start: Int
    ) -> (name: String, arguments: ArraySlice<UInt8>, end: Int)? {
        for position in start..<bytes.count where bytes[position] == UInt8(ascii: ".") {
            let rest = bytes[(position + 1)...]
            guard let name = calls.first(where: { rest.starts(with: Array($0.utf8) + [UInt8(ascii: "(")]) }) else {
                continue
            }
            let first = position + name.utf8.count + 2
            var depth = 1
            var end = first
            while end < bytes.count, depth > 0 {
                if bytes[end] == UInt8(ascii: "(") { depth += 1 }
                if bytes[end] == UInt8(ascii: ")") { depth -= 1 }
                end += 1
            }
            return (name, bytes[first..<max(first, end - 1)], end)
        }
        return nil
    }

    /// The strings of a call's arguments, each with the label of its argument, without those in nested parentheses,
    /// such as the names of products.
    private static func strings(in arguments: ArraySlice<UInt8>) -> [(label: String, text: String)] {
        var found: [(label: String, text: String)] = []
        var label = ""
        var word: [UInt8] = []
        var depth = 0
        var position = arguments.startIndex
        while position < arguments.endIndex {
            let byte = arguments[position]
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""):
                let end = arguments[(position + 1)...].firstIndex(of: byte) ?? arguments.endIndex - 1
                if depth == 0 {
                    found.append((label, String(decoding: arguments[(position + 1)..<end], as: UTF8.self)))
                }
                position = end
            case UInt8(ascii: ":"):
                if depth == 0 { label = String(decoding: word, as: UTF8.self) }
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                word.append(byte)
                position += 1
                continue
            default: break
            }
            word = []
            position += 1
        }
        return found
    }
}
