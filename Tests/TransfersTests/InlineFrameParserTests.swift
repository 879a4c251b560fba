import Testing
import Transfers

@Suite struct InlineFrameParserTests {
    private static func closing(_ first: Int, _ count: Int, _ rest: String = "0 5 17 5 19 abc  -|/dev/mtd 3:64:-")
        -> String
    {
        "@FKword e \(first) \(count) \(rest)\n"
    }

    /// Two frames surrounded by noise, a payload that looks like an opening line, and bytes after the last frame.
    private static func stream(isDoubled: Bool, mapped: Bool = false) -> [UInt8] {
        func frame(_ first: Int, _ payload: String) -> String {
            let line = closing(first, 2)
            return "@FKword b \(first) 2\n\(payload)\n\(line)\(isDoubled ? line : "")"
        }
        let text =
            "noise @FKwor\n" + frame(0, "hello\n@FKword b 7 7\nworld\n") + "[ 12.3] kernel\n" + frame(2, "")
            + "@FKword d\nrest"
        return Array((mapped ? text.replacing("\n", with: "\r\n") : text).utf8)
    }

    private func parser(isDoubled: Bool, expected: @escaping @Sendable (Int) -> Int? = { _ in nil })
        -> InlineFrameParser
    {
        InlineFrameParser(word: "FKword", isDoubled: isDoubled, payloadLimit: 4_096, expected: expected)
    }

    @Test(arguments: [false, true])
    func framesAreFoundAtEveryCutting(isDoubled: Bool) {
        let stream = Self.stream(isDoubled: isDoubled)
        for cut in 0...stream.count {
            var parser = parser(isDoubled: isDoubled)
            var events = parser.feed(Array(stream[..<cut]))
            events += parser.feed(Array(stream[cut...]))
            check(events)
            #expect(parser.takeRest() == Array("rest".utf8))
        }
        var parser = parser(isDoubled: isDoubled)
        check(stream.flatMap { parser.feed([$0]) })
    }

    private func check(_ events: [InlineFrameParser.Event]) {
        #expect(events.count == 3)
        guard case .frame(let first) = events[0], case .frame(let second) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(String(decoding: first.payload, as: UTF8.self) == "hello\n@FKword b 7 7\nworld\n")
        #expect(first.first == 0 && first.count == 2 && first.status == 0)
        #expect(first.before == .init(failures: 5, corrected: 17) && first.after == .init(failures: 5, corrected: 19))
        #expect(first.origin == "/dev/mtd 3:64:-")
        #expect(first.checksum == "abc -")
        #expect(second.first == 2 && second.payload.isEmpty)
        #expect(events[2] == .done)
    }

    @Test func mappedLineEndsBelongToTheFrame() {
        var parser = parser(isDoubled: true)
        let events = parser.feed(Self.stream(isDoubled: true, mapped: true))
        guard case .frame(let first) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(String(decoding: first.payload, as: UTF8.self) == "hello\r\n@FKword b 7 7\r\nworld\r\n")
    }

    @Test func aKnownLengthIsTriedFirstAndNotTrusted() {
        let stream = Self.stream(isDoubled: false)
        for length in [0, 1, 5, 27, 28, 100] {
            var parser = parser(isDoubled: false, expected: { _ in length })
            let events = parser.feed(stream + [UInt8](repeating: 0, count: 200))
            #expect(events.count == 3, "expected \(length)")
        }
    }

    @Test func aLastFrameThatIsShortIsNotWaitedFor() {
        let stream = Self.stream(isDoubled: false)
        for cut in 0...stream.count {
            var parser = parser(isDoubled: false, expected: { _ in 100_000 })
            let events = parser.feed(Array(stream[..<cut])) + parser.feed(Array(stream[cut...]))
            #expect(events.count == 3 && events.last == .done, "cut at \(cut)")
        }
    }

    @Test func aBoardWithoutCountersHasNone() {
        var parser = parser(isDoubled: false)
        let events = parser.feed(Array("@FKword b 1 1\nx\n@FKword e 1 1 0 - - - - |mtd0:1:-\n".utf8))
        guard case .frame(let frame) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(frame.before == nil && frame.after == nil && frame.checksum.isEmpty)
    }

    @Test(arguments: [
        "@FKword b 1 1\nx\n@FKword e 2 1 0 1 1 1 1 |o\n", "@FKword b 1 1\nx\n@FKword e 1 1\n",
        "@FKword b 1 1\nx\n@FKword e 1 1 0 1 1 1 1\n",
        "@FKword b 1 1\nx\n@FKword e 1 1 -4 1 1 1 1 |o\n",
        "@FKword b 1 1\nx\n@FKword e 1 1 99999999999999999999 1 1 1 1 |o\n",
    ])
    func damagedClosingLines(text: String) {
        var parser = parser(isDoubled: false)
        #expect(parser.feed(Array(text.utf8)) == [.damaged(first: 1, count: 1)])
    }

    @Test func copiesThatDifferAreDamage() {
        var parser = parser(isDoubled: true)
        let text = "@FKword b 1 1\nx\n@FKword e 1 1 0 1 1 1 1 |o\n@FKword e 1 1 0 1 7 1 7 |o\n@FKword d\n"
        #expect(parser.feed(Array(text.utf8)) == [.damaged(first: 1, count: 1), .done])
    }

    @Test func aFrameWithoutEndIsGivenUp() {
        var parser = parser(isDoubled: false)
        var events = parser.feed(Array("@FKword b 3 1\n".utf8))
        for _ in 0..<20 { events += parser.feed([UInt8](repeating: 0x41, count: 1_000)) }
        events += parser.feed(Array(Self.stream(isDoubled: false)))
        #expect(events.first == .damaged(first: 3, count: 1))
        #expect(events.last == .done)
    }

    @Test func anyDamageLeavesOtherFramesAlone() {
        let stream = Self.stream(isDoubled: true)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var damaged = stream
            let index = Int.random(in: damaged.indices, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: damaged.remove(at: index)
            case 1: damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            default: damaged.insert(damaged[index], at: index)
            }
            var parser = parser(isDoubled: true)
            let events = parser.feed(damaged)
            // One damaged byte costs at most one frame, and never produces a false one.
            let frames = events.compactMap { event -> Int? in
                if case .frame(let frame) = event { return frame.first }
                return nil
            }
            #expect(frames.allSatisfy { $0 == 0 || $0 == 2 } && frames.count <= 2)
        }
    }
}
