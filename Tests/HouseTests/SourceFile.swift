import Foundation

/// A Swift source file, as far as these checks need it.
struct SourceFile {
    struct Function {
        var name: String
        /// The line of its start.
        var line: Int
        /// The number of lines, from the one with its name to the one with its closing brace.
        var lines: Int
    }

    /// The path below `Sources`, such as `UBootFlash/Session/UBootSession.swift`, or for tests from the root, such as
    /// `Tests/TestBoards/FolderBoard.swift`.
    let path: String
    let lineCount: Int
    /// The declared types that other files can see, without nested types.
    private(set) var types: Set<String> = []
    /// All declared types.
    private(set) var ownTypes: Set<String> = []
    /// The words that may name a type.
    private(set) var words: Set<String> = []
    /// The functions, initializers, subscripts and computed properties.
    private(set) var functions: [Function] = []

    var target: String { String(path.prefix { $0 != "/" }) }
    /// The folder below the target; empty for its root.
    var folder: String { path.split(separator: "/").dropFirst().dropLast().joined(separator: "/") }
    /// The path below the target.
    var name: String { String(path.dropFirst(target.count + 1)) }

    init(_ path: String, _ text: String) {
        self.path = path
        lineCount = text.utf8.count { $0 == UInt8(ascii: "\n") }
        let tokens = SwiftTokens(text).tokens
        var walk = Walk()
        for index in tokens.indices {
            let before = index > 0 ? tokens[index - 1].token : nil
            let after = index + 1 < tokens.count ? tokens[index + 1].token : nil
            if case .word(let word) = tokens[index].token, before != .symbol(UInt8(ascii: ".")),
                word.utf8.first.map({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) == true
            {
                words.insert(word)
            }
            walk.take(tokens[index].token, tokens[index].line, before: before, after: after)
        }
        types = walk.types
        ownTypes = walk.ownTypes
        functions = walk.functions
    }

    /// All sources of this package, without tests.
    static let all = files(in: "Sources")
    /// The tests, and the code that they share.
    static let tests = files(in: "Tests", prefix: "Tests/")

    private static func files(in folder: String, prefix: String = "") -> [SourceFile] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: folder)
        let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
            (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map { SourceFile(prefix + path, $0) }
        }
    }
}

/// Finds declarations and the extent of their braces.
private struct Walk {
    private enum Kind { case type, function, block }

    private var scopes: [(kind: Kind, name: String, line: Int)] = []
    /// A declaration whose opening brace has not been found yet.
    private var pending: (kind: Kind, name: String, line: Int, brackets: Int, isProperty: Bool)?
    private var brackets = 0
    private var isHidden = false

    private(set) var types: Set<String> = []
    private(set) var ownTypes: Set<String> = []
    private(set) var functions: [SourceFile.Function] = []

    private static let typeWords: Set = ["struct", "class", "enum", "actor", "protocol", "typealias"]

    mutating func take(
        _ token: SwiftTokens.Token, _ line: Int, before: SwiftTokens.Token?, after: SwiftTokens.Token?
    ) {
        switch token {
        case .symbol(UInt8(ascii: "(")), .symbol(UInt8(ascii: "[")): brackets += 1
        case .symbol(UInt8(ascii: ")")), .symbol(UInt8(ascii: "]")): brackets -= 1
        case .symbol(UInt8(ascii: "{")): open(line)
        case .symbol(UInt8(ascii: "}")): close(line)
        case .symbol(UInt8(ascii: "=")):
            // A value follows.
            if pending?.isProperty == true { pending = nil }
        case .symbol: break
        case .word(let word):
            guard before != .symbol(UInt8(ascii: ".")), after != .symbol(UInt8(ascii: ":")) else { return }
            take(word, line, after: after)
        }
    }

    private mutating func open(_ line: Int) {
        if let declaration = pending, brackets == declaration.brackets {
            scopes.append((declaration.kind, declaration.name, declaration.line))
            pending = nil
        } else {
            scopes.append((.block, "", line))
        }
        isHidden = false
    }

    private mutating func close(_ line: Int) {
        isHidden = false
        // A closure in a parameter's default value does not end the declaration.
        if let declaration = pending, brackets <= declaration.brackets { pending = nil }
        guard let scope = scopes.popLast(), scope.kind == .function else { return }
        functions.append(SourceFile.Function(name: scope.name, line: scope.line, lines: line - scope.line + 1))
    }

    private var isInType: Bool { brackets == 0 && scopes.allSatisfy { $0.kind == .type } }

    private mutating func take(_ word: String, _ line: Int, after: SwiftTokens.Token?) {
        switch word {
        case "private", "fileprivate":
            // `private(set)` does not hide the declaration.
            if after != .symbol(UInt8(ascii: "(")) { isHidden = true }
        case _ where Self.typeWords.contains(word):
            guard case .word(let name)? = after, !["func", "var", "let"].contains(name) else { return }
            ownTypes.insert(name)
            if scopes.isEmpty, !isHidden { types.insert(name) }
            if word != "typealias" { pending = (.type, name, line, brackets, false) }
            isHidden = false
        case "extension":
            pending = (.type, "", line, brackets, false)
            isHidden = false
        case "func":
            let name = if case .word(let name)? = after { name } else { word }
            pending = (.function, name, line, brackets, false)
            isHidden = false
        case "init", "subscript", "deinit":
            guard isInType else { return }
            pending = (.function, word, line, brackets, false)
            isHidden = false
        case "var":
            isHidden = false
            guard isInType, case .word(let name)? = after else { return }
            pending = (.function, name, line, brackets, true)
        case "let", "case", "import":
            isHidden = false
            if pending?.isProperty == true { pending = nil }
        default: break
        }
    }
}
