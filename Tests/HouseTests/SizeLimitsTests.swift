import Testing

@Suite("The length of files and functions")
struct SizeLimitsTests {
    private static let exceptions: [SizeLimits.Exception] = [
        .init(
            file: "LinuxFlash/Shell/ShellSession+Login.swift", function: "findShell",
            reason: "a case for each thing that a login may show, side by side"),
        .init(
            file: "UBootFlash/Session/UBootSession.swift", function: "receive",
            reason: "every end that a reply may have, in the order in which they are believed"),
        .init(
            file: "Tests/OperationsTests/RestoreRefusalTests.swift", function: "scene",
            reason: "a case for each rule of a restore, side by side"),
    ]

    @Test("This package")
    func package() {
        #expect(SourceFile.tests.contains { $0.path == "Tests/HouseTests/SizeLimitsTests.swift" })
        for complaint in SizeLimits.complaints(SourceFile.all + SourceFile.tests, except: Self.exceptions) {
            Issue.record("\(complaint)")
        }
    }

    private static func lines(_ count: Int) -> String { String(repeating: "    work()\n", count: count) }

    /// A function with this many lines.
    private static func function(_ head: String, _ count: Int) -> String {
        head + " {\n" + lines(count - 2) + "}\n"
    }

    @Test("A file that is too long, and one of maximum length")
    func files() {
        let long = SourceFile("House/Long.swift", Self.lines(451))
        #expect(SizeLimits.complaints([long]) == ["House/Long.swift: 451 lines, more than 450"])
        #expect(SizeLimits.complaints([SourceFile("House/Right.swift", Self.lines(450))]) == [])
    }

    @Test(
        "A long function of every kind",
        arguments: [
            ("func build(_ a: () -> Void = {}) async throws -> Int", "build"), ("init?(a: Int)", "init"),
            ("var roof: some View", "roof"), ("static func < (a: Int, b: Int) -> Bool", "func"),
            ("subscript(index: Int) -> Int", "subscript"), ("package private(set) var tile: Int", "tile"),
            ("deinit", "deinit"),
        ])
    func functions(head: String, name: String) {
        func complaints(_ lines: Int) -> [String] {
            let text = "struct House {\n    var stored: Int = { 3 }()\n" + Self.function(head, lines) + "}\n"
            return SizeLimits.complaints([SourceFile("House/House.swift", text)])
        }
        #expect(complaints(60) == [])
        #expect(complaints(61) == ["House/House.swift:3: \(name) has 61 lines, more than 60"])
    }

    @Test("A nested function counts, and a long type does not")
    func nested() {
        let inner = Self.function("func outer() {\n    func inner(text: String = \"{\") -> Bool", 61) + "}\n"
        let file = SourceFile("House/House.swift", "extension House {\n" + inner + "}\n")
        #expect(
            SizeLimits.complaints([file]) == [
                "House/House.swift:3: inner has 61 lines, more than 60",
                "House/House.swift:2: outer has 63 lines, more than 60",
            ])
        let short = String(repeating: Self.function("func f()", 10), count: 20)
        let type = SourceFile(
            "House/House.swift", "protocol P { func f(); var a: Int { get } }\nenum House {\n\(short)}\n")
        #expect(SizeLimits.complaints([type]) == [])
    }

    @Test("Brackets in a regular expression are ignored")
    func expression() {
        let text = "struct House {\n    let end = #/[)}]/#\n" + Self.function("init()", 61) + "}\n"
        #expect(
            SizeLimits.complaints([SourceFile("House/House.swift", text)]) == [
                "House/House.swift:3: init has 61 lines, more than 60"
            ])
    }

    @Test("An exception must be necessary")
    func exceptions() {
        let text = Self.function("func build()", 70)
        let file = SourceFile("House/House.swift", text)
        let exception = SizeLimits.Exception(file: "House/House.swift", function: "build", reason: "it is a table")
        #expect(SizeLimits.complaints([file], except: [exception]) == [])
        let mended = SourceFile("House/House.swift", Self.function("func build()", 60))
        #expect(
            SizeLimits.complaints([mended], except: [exception]) == [
                "House/House.swift, build is no exception any more (it is a table)"
            ])
        let whole = SizeLimits.Exception(file: "House/House.swift", reason: "it is a table")
        #expect(SizeLimits.complaints([file], except: [whole]).count == 2)
    }
}
