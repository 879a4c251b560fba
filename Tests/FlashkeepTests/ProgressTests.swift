import FlashModel
import Operations
import Synchronization
import Testing

@testable import flashkeep

struct ProgressTests {
    private let total = 100 << 20

    /// A stage with reading at a constant rate.
    private func state(_ megabytes: Int, every step: Duration = .seconds(1)) -> (ProgressState, Duration) {
        var state = ProgressState()
        var now: Duration = .seconds(5)
        state.take(.began(.reading, bytes: total), at: now)
        state.take(.item("mtd3 \"rootfs\"", bytes: 1 << 20), at: now)
        for count in 0...megabytes {
            state.take(.advanced(done: count << 20, total: total), at: now)
            now += step
        }
        return (state, now - step)
    }

    @Test func theLineTellsAll() {
        let (state, now) = state(50)
        let style = TextStyle(isColored: false, isUnicode: false)
        #expect(
            LiveLine.text(state, at: now, width: 120, style: style)
                == "Reading mtd3 \"rootfs\"  [##########..........]   50%  50 MiB of 100 MiB  1 MiB/s  50 s left")
    }

    @Test(arguments: 10...130)
    func theLineFitsAnyWidth(width: Int) {
        let (state, now) = state(99)
        for style in [TextStyle.plain, TextStyle(isColored: true, isUnicode: true)] {
            let line = LiveLine.text(state, at: now, width: width, style: style)
            #expect(line.count <= width)
            #expect(line.hasPrefix("Reading"))
        }
    }

    @Test func whatABoardNamesCannotBreakTheLine() {
        var state = ProgressState()
        state.take(.began(.reading, bytes: 10), at: .zero)
        state.take(.item("mtd0 \"\u{1B}[2J\u{202E}漢字\"", bytes: 10), at: .zero)
        let line = LiveLine.text(state, at: .zero, width: 100, style: .plain)
        #expect(line.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
    }

    @Test func aSilentBoardIsNoticed() {
        let (state, now) = state(50)
        #expect(
            LiveLine.text(state, at: now + .seconds(12), width: 100, style: .plain).contains(
                "nothing received for 12 s"))
    }

    @Test func whatAnEarlierRunLeftIsNoRate() {
        var meter = RateMeter()
        meter.take(90 << 20, at: .seconds(1))
        #expect(meter.bytesPerSecond(at: .seconds(1)) == nil)
        meter.take(91 << 20, at: .seconds(2))
        #expect(meter.bytesPerSecond(at: .seconds(2)) == Double(1 << 20))
        #expect(meter.secondsLeft(9 << 20, at: .seconds(2)) == 9)
    }

    @Test func theRateFollowsSlowly() throws {
        var meter = RateMeter()
        for second in 0...20 { meter.take(second * 1_000, at: .seconds(second)) }
        meter.take(20_000 + 9_000, at: .seconds(21))
        let rate = try #require(meter.bytesPerSecond(at: .seconds(21)))
        #expect(rate > 1_000 && rate < 3_000)
    }

    @Test func aStandstillHasNoTimeLeft() {
        var meter = RateMeter()
        for second in 0...5 { meter.take(7, at: .seconds(second)) }
        #expect(meter.secondsLeft(100, at: .seconds(5)) == nil)
    }

    @Test func plainLinesComeEveryTenthAndEveryHalfMinute() {
        var state = ProgressState()
        var plain = PlainLines()
        var lines: [String] = []
        func take(_ event: ProgressEvent, _ now: Duration) {
            state.take(event, at: now)
            lines += plain.lines(for: event, state, at: now)
        }
        take(.began(.reading, bytes: 1_000), .zero)
        for done in 1...1_000 { take(.advanced(done: done, total: 1_000), .milliseconds(done)) }
        #expect(lines.count == 10)
        #expect(lines.first == "Reading, 1000 bytes")
        lines = []
        take(.began(.reading, bytes: 1_000), .seconds(10))
        take(.advanced(done: 1, total: 1_000), .seconds(20))
        #expect(lines.count == 1)
        take(.advanced(done: 2, total: 1_000), .seconds(41))
        #expect(lines.count == 2)
    }

    @Test func eventsAreOneObjectALine() {
        #expect(
            ProgressJSON.line(.advanced(done: 5, total: 10), at: .milliseconds(1_500))
                == #"{"done":5,"event":"advanced","seconds":1.5,"total":10}"#)
        #expect(
            ProgressJSON.line(.item("mtd0 \"a\nb\"", bytes: nil), at: .zero)
                == #"{"event":"item","item":"mtd0 \"a\nb\"","seconds":0}"#)
    }

    @Test func theFaceDrawsAtMostTenTimesASecond() {
        let time = Mutex<Duration>(.zero)
        let written = Mutex<[String]>([])
        let terminal = Terminal.decide(
            color: .never, inputIsTerminal: true, outputIsTerminal: true, errorIsTerminal: true, variable: { _ in "" })
        let screen = Screen(terminal, width: { 80 }, write: { text in written.withLock { $0.append(text) } })
        let face = ProgressFace(.live, screen: screen, isVerbose: false, now: { time.withLock { $0 } })
        face.take(.began(.reading, bytes: total))
        for step in 1...1_000 {
            time.withLock { $0 = .milliseconds(step) }
            face.take(.advanced(done: step << 10, total: total))
        }
        #expect(written.withLock(\.count) <= 11)
        face.take(.warning("careful"))
        let last = written.withLock { $0.last ?? "" }
        // The live line is removed, the message is printed, and the live line follows below it.
        #expect(last.hasPrefix("\r\u{1B}[Jwarning: Careful.\nReading"))
        face.end()
        #expect(written.withLock { $0.last } == "\r\u{1B}[J")
    }

    @Test func aLineThatWrappedIsTakenAwayWhole() {
        let line = String(repeating: "x", count: 79)
        #expect(Screen.erasure(of: line, width: 80) == "\r\u{1B}[J")
        #expect(Screen.erasure(of: line, width: 40) == "\u{1B}[1A\r\u{1B}[J")
        #expect(Screen.erasure(of: line, width: 30) == "\u{1B}[2A\r\u{1B}[J")
        #expect(Screen.erasure(of: nil, width: 30) == "")
    }

    @Test func eventsFromSeveralThreadsDoNotMix() async throws {
        let terminal = Terminal.decide(
            color: .never, inputIsTerminal: false, outputIsTerminal: false, errorIsTerminal: false,
            variable: { _ in nil })
        let written = Mutex<[String]>([])
        let screen = Screen(terminal, width: { 80 }, write: { text in written.withLock { $0.append(text) } })
        let clock = Atomic<Int>(0)
        let face = ProgressFace(
            .json, screen: screen, isVerbose: false,
            now: { .milliseconds(clock.wrappingAdd(1, ordering: .relaxed).newValue) })
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    for count in 0..<200 { face.take(.note("\(number) \(count)")) }
                }
            }
        }
        let lines = written.withLock { $0 }
        #expect(lines.count == 1_600 && lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}\n") })
        // The clock is read and the line is written in one step, so the lines are in order of time.
        let times = lines.compactMap { $0.firstMatch(of: /"seconds":([0-9.]+)/).flatMap { Double($0.1) } }
        #expect(times.count == 1_600 && times == times.sorted())
    }
}

struct TerminalTests {
    private func decide(
        _ color: Terminal.ColorChoice, isTerminal: Bool = true, _ variables: [String: String] = ["TERM": "xterm"]
    ) -> Bool {
        Terminal.decide(
            color: color, inputIsTerminal: isTerminal, outputIsTerminal: isTerminal, errorIsTerminal: isTerminal,
            variable: { variables[$0] }
        ).outputStyle.isColored
    }

    @Test func coloursAreForTerminalsThatWantThem() {
        #expect(decide(.auto))
        #expect(!decide(.auto, isTerminal: false))
        #expect(!decide(.auto, ["TERM": "dumb"]))
        #expect(!decide(.auto, [:]))
        #expect(!decide(.auto, ["TERM": "xterm", "NO_COLOR": "1"]))
        #expect(decide(.auto, ["TERM": "xterm", "NO_COLOR": ""]))
        #expect(decide(.always, isTerminal: false, ["NO_COLOR": "1"]))
        #expect(!decide(.never))
    }

    @Test func dumbTerminalsGetPlainLines() {
        func mode(_ choice: CommonOptions.ProgressChoice, isTerminal: Bool, _ term: String) -> ProgressFace.Mode {
            VerbRun.mode(
                choice,
                Terminal.decide(
                    color: .auto, inputIsTerminal: true, outputIsTerminal: true, errorIsTerminal: isTerminal,
                    variable: { $0 == "TERM" ? term : nil }))
        }
        #expect(mode(.auto, isTerminal: true, "xterm") == .live)
        #expect(mode(.auto, isTerminal: true, "dumb") == .plain)
        #expect(mode(.auto, isTerminal: false, "xterm") == .plain)
        #expect(mode(.json, isTerminal: true, "xterm") == .json)
        #expect(mode(.none, isTerminal: true, "xterm") == .none)
    }
}
