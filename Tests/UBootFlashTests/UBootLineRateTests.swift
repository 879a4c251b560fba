import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import Synchronization
import TestBoards
import Testing

@testable import UBootFlash

/// Wrong rates are detected, faster ones are proven, and the board gets its own one back.
@Suite("The rate of the line", .serialized)
struct UBootLineRateTests {
    // MARK: Wrong rates

    private func arrive(_ scenario: UBootScenario, powers: Bool = true) async throws -> (
        board: SimulatedUBoot, found: Responder?, error: FlashkeepError?, notes: [String]
    ) {
        let board = SimulatedUBoot(scenario)
        let notes = Mutex<[String]>([])
        var found: Responder?
        var failure: FlashkeepError?
        var timing = ConsoleTiming.simulated
        timing.power = .milliseconds(powers ? 120_000 : 100)
        try await board.withChannel { channel in
            let arrival = ConsoleIdentifier.ofAll(
                nonce: { "abcdefgh12345678" }, timing: timing,
                notify: { notice in
                    switch notice {
                    case .note(let text): notes.withLock { $0.append(text) }
                    case .needsPower: if powers { board.powerOn() }
                    }
                })
            do {
                found = try await arrival.find(Console(channel))
            } catch let error as FlashkeepError {
                failure = error
            }
        }
        #expect(board.offences.isEmpty, "\(board.offences)")
        return (board, found, failure, notes.withLock { $0 })
    }

    @Test(
        "A prompt at another rate than that of the address is found at every common rate",
        arguments: [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_500_000])
    func prompt(rate: Int) async throws {
        var scenario = UBootScenario()
        scenario.rate = rate
        let outcome = try await arrive(scenario)
        #expect(outcome.found == .uboot(prompt: Array("=> ".utf8)))
        #expect(outcome.board.lineRate == rate)
        let notes =
            rate == 115_200 ? [] : ["the line runs at \(rate), not 115200: a made-up line?baud=\(rate)"]
        #expect(outcome.notes == notes)
    }

    @Test("A Linux shell at another rate is found, too", arguments: [9_600, 57_600, 230_400])
    func shell(rate: Int) async throws {
        var scenario = UBootScenario()
        scenario.rate = rate
        scenario.start = .shell
        let outcome = try await arrive(scenario)
        #expect(outcome.found == .linux)
        #expect(outcome.board.lineRate == rate)
    }

    @Test("A startup at another rate is found in time to stop the countdown", arguments: [38_400, 57_600, 230_400])
    func start(rate: Int) async throws {
        var scenario = UBootScenario()
        scenario.rate = rate
        scenario.start = .off
        scenario.countdown?.seconds = 5
        let outcome = try await arrive(scenario)
        #expect(outcome.found == .uboot(prompt: Array("=> ".utf8)))
        #expect(outcome.board.lineRate == rate)
        #expect(outcome.board.starts == 1)
    }

    @Test("An uncommon rate is an error that names the rates tried")
    func unknownRate() async throws {
        var scenario = UBootScenario()
        scenario.rate = 74_880
        scenario.start = .chatter
        let outcome = try await arrive(scenario, powers: false)
        let error = try #require(outcome.error)
        #expect(error.what.contains("garbage"), "\(error)")
        for rate in LineRates.common { #expect(error.why.contains("\(rate)"), "\(error.why)") }
        // The line has the rate of its address again.
        #expect(outcome.board.lineRate == 115_200)
    }

    // MARK: Faster rates

    /// Runs the body with a session and its rate; the board must have its own rate at the end.
    private func raised(
        _ wish: UBootLineRate.Wish, to expected: Int, change: (inout UBootScenario) -> Void = { _ in },
        body: (UBootSession, UBootLineRate, SimulatedUBoot) async throws -> Void
    ) async throws -> [String] {
        var scenario = UBootScenario()
        scenario.rate = 115_200
        scenario.rates.formUnion([230_400, 460_800, 921_600])
        change(&scenario)
        let board = SimulatedUBoot(scenario)
        let notes = Mutex<[String]>([])
        try await SimulatedSessions.with(board) { session in
            let rate = UBootLineRate(session, wish: wish, notify: { note in notes.withLock { $0.append(note) } })
            try await rate.raise()
            #expect(board.rate == expected)
            #expect(board.lineRate == expected)
            try await body(session, rate, board)
            await rate.restore()
        }
        #expect(board.rate == 115_200)
        #expect(board.lineRate == 115_200)
        #expect(board.offences.isEmpty, "\(board.offences)")
        #expect(board.commands.allSatisfy { !$0.hasPrefix("saveenv") })
        return notes.withLock { $0 }
    }

    @Test("A rate that the board supports is set, proven and left again", arguments: [true, false])
    func up(hasChecksum: Bool) async throws {
        let notes = try await raised(
            .rate(460_800), to: 460_800, change: { if !hasChecksum { $0.forbid("crc32") } }
        ) { session, _, _ in
            let reply = try await session.ask("bdinfo")
            #expect(reply.output.count > 20)
        }
        #expect(notes == ["the line is now at 460800 baud"])
    }

    @Test("The highest rate is found")
    func highest() async throws {
        let best = try await raised(.highest, to: 921_600) { _, _, _ in }
        #expect(best == ["the line is now at 921600 baud"])
        let notes = try await raised(.highest, to: 230_400, change: { $0.rates.subtract([460_800, 921_600]) }) {
            _, _, _ in
        }
        #expect(notes.count == 3)
        #expect(notes.last == "the line is now at 230400 baud")
    }

    @Test("A refusal is reported, and the work continues")
    func refusal() async throws {
        let notes = try await raised(.rate(1_500_000), to: 115_200) { session, _, _ in
            let reply = try await session.ask("bdinfo")
            #expect(reply.output.count > 20)
        }
        #expect(notes.count == 1)
        #expect(notes.first?.contains("Baudrate 1500000 bps not supported") == true, "\(notes)")
    }

    @Test("A board that is lost at the new rate is power-cycled, and the rate is not tried again")
    func lost() async throws {
        let notes = try await raised(.rate(921_600), to: 115_200, change: { $0.deadRates = [921_600] }) {
            session, rate, board in
            #expect(board.starts == 2)
            try await rate.raise()
            #expect(board.rate == 115_200)
            let reply = try await session.ask("bdinfo")
            #expect(reply.output.count > 20)
        }
        #expect(notes == ["the line stays at 115200 baud: the board does not answer at 921600 baud"])
    }

    @Test("After a reset the board is found at its own rate, and the rate is raised again")
    func reset() async throws {
        let notes = try await raised(.rate(460_800), to: 460_800) { session, rate, board in
            board.powerOn(after: 0)
            do {
                _ = try await session.ask("bdinfo")
                Issue.record("the restart went unseen")
            } catch is UBootSession.Interruption {}
            try await session.getBackIn()
            #expect(board.lineRate == 115_200)
            try await rate.raise()
            #expect(board.rate == 460_800)
        }
        #expect(notes.count == 2)
    }

    @Test("After many errors the line returns to its own rate and stays there")
    func errors() async throws {
        let notes = try await raised(.rate(460_800), to: 460_800) { _, rate, board in
            try await rate.judge(dumped: 600, repeated: 10)
            #expect(board.rate == 460_800)
            try await rate.judge(dumped: 600, repeated: 100)
            #expect(board.rate == 115_200)
            try await rate.raise()
            #expect(board.rate == 115_200)
        }
        #expect(notes.last == "the line goes back to 115200 baud: too many lines arrived damaged at 460800")
    }

    @Test("A channel without a rate reports that")
    func noRate() async throws {
        let notes = Mutex<[String]>([])
        let board = SimulatedUBoot(UBootScenario())
        try await SimulatedSessions.with(board) { session in
            let rate = UBootLineRate(session, wish: .highest, notify: { note in notes.withLock { $0.append(note) } })
            try await rate.raise()
            await rate.restore()
        }
        #expect(notes.withLock { $0 } == ["the channel has no rate to change"])
        #expect(board.commands.isEmpty)
    }

    @Test("Questions are recognized by either end of their line")
    func questions() {
        func isAsked(_ text: String) -> Bool { UBootQuestion.rate.isAsked(in: Array(text.utf8)) }
        #expect(isAsked("\r\n## Switch baudrate to 460800 bps and press ENTER ...\r\n"))
        #expect(isAsked("\r\n## Switch baudrate to 4608x0 bxs and pr\r\n"))
        #expect(isAsked("\r\n## Swxtch baudrate to 460800 bps and press ENTER ...\r\n"))
        #expect(!isAsked("\r\n## Switch baudrate to 460800 bps and press ENTER ..."))
        #expect(!isAsked("\r\n## Baudrate 460800 bps not supported\r\n"))
    }
}
