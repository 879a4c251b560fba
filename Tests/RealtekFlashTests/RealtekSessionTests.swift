import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles
import TestBoards
import TestSupport
import Testing

@testable import RealtekFlash

/// Getting in, careful typing, the question of FLR.
@Suite("A session with Realtek's loader", .serialized)
struct RealtekSessionTests {
    private static func scenario(_ change: (inout RealtekScenario) -> Void = { _ in }) -> RealtekScenario {
        let flash = SimulatedHardware.Flash("flash0", kind: .spiNOR, blocks: 16, blockSize: 0x1000, seed: 4)
        var scenario = RealtekScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: []))
        change(&scenario)
        return scenario
    }

    private static func with<Result: Sendable>(
        _ board: SimulatedLoader, over opener: (any ChannelOpening)? = nil,
        _ body: (LoaderSession) async throws -> Result
    ) async throws -> Result {
        try await LoaderSessions.with(board, RealtekLoader(), prompt: "<RealTek>", over: opener, body)
    }

    @Test(
        "From its prompt, its start, and when it is switched on", arguments: SimulatedLoader.Start.allCases,
        RealtekScenario.SizeText.allCases)
    func gettingIn(_ start: SimulatedLoader.Start, _ sizeText: RealtekScenario.SizeText) async throws {
        for erasesWithDelete in [true, false] {
            let board = SimulatedLoader(
                Self.scenario {
                    $0.sizeText = sizeText
                    $0.erasesWithDelete = erasesWithDelete
                }, start: start)
            let found = try await LoaderSessions.find(board)
            #expect(found.dialect == RealtekLoader.loaderName && found.prompt == Array("<RealTek>".utf8), "\(start)")
            #expect(board.starts == 1 && board.offences.isEmpty, "\(start): \(board.offences)")
        }
    }

    @Test("A line that drops, flips and repeats characters never runs a command that writes", arguments: [true, false])
    func noise(_ erasesWithDelete: Bool) async throws {
        for seed in 1...4 as ClosedRange<UInt64> {
            var faults = LineFaults()
            faults.replyRate = 100
            faults.commandRate = 100
            let board = SimulatedLoader(Self.scenario { $0.erasesWithDelete = erasesWithDelete })
            let opener = FaultyOpener(board, faults, seed: seed)
            try await Self.with(board, over: opener) { session in
                for _ in 0..<6 {
                    let answer = try await session.ask("?", accepts: { RealtekHelp($0) != nil })
                    #expect(answer.isWhole)
                }
            }
            #expect(board.offences.filter { $0.kind == .forbidden }.isEmpty, "\(board.offences)")
            #expect(opener.damaged > 0)
        }
    }

    @Test("A question is answered with Y only if it says what was meant")
    func questions() async throws {
        let (command, question) = try RealtekCommands().readFlash(to: 0x8050_0000, at: 0x1000, count: 0x100)
        let (_, other) = try RealtekCommands().readFlash(to: 0x8050_0000, at: 0x2000, count: 0x100)
        for (expected, isDone) in [(question, true), (other, false), (nil, false)] as [(LoaderQuestion?, Bool)] {
            let board = SimulatedLoader(Self.scenario())
            try await Self.with(board) { session in
                let answer = try await session.say(command, question: expected)
                #expect(answer.isWhole == isDone && answer.isQuestion == !isDone)
                let success = answer.reply.lines.contains { $0.trimmed == ByteText("Flash Read Successed!") }
                #expect(success == isDone)
                // It is at its prompt, and nothing was eaten.
                let help = try await session.ask("?", accepts: { RealtekHelp($0) != nil })
                #expect(help.isWhole && session.retries == 0)
            }
            #expect(board.offences.isEmpty, "\(board.offences)")
        }
    }

    @Test("Flash that was not copied is noticed, and flash that RAM already holds is not mistaken for it")
    func stale() async throws {
        for copiesNothing in [false, true] {
            let scenario = Self.scenario { $0.copiesNothing = copiesNothing }
            let board = SimulatedLoader(scenario)
            let help = try #require(RealtekHelp(ConsoleReply(text: board.reply("?"))))
            try await Self.with(board) { session in
                let dump = RealtekMemoryDump(session, help)
                let printer = RealtekCopyPrinter(session, dump, size: 0x1_0000, memory: nil)
                if copiesNothing {
                    await #expect(throws: FlashkeepError.self) {
                        _ = try await printer.locate(0x1000..<0x2000, isAgain: false)
                    }
                    return
                }
                // The second copy changes nothing, for it is the same.
                for isAgain in [false, false, true] {
                    let place = try await printer.locate(0x1000..<0x2000, isAgain: isAgain)
                    #expect(place == .at(isAgain ? 0x8060_0000 : 0x8050_0000))
                }
            }
            #expect(board.offences.isEmpty, "\(board.offences)")
        }
    }

    @Test("What DW counts is found out; DB is used where they differ")
    func words() async throws {
        for (countsLines, commands, name) in [
            (false, ["DB", "DW"], "DW"), (true, ["DB", "DW"], "DW"), (false, ["DB"], "DB"), (false, ["DW"], "DW"),
        ] as [(Bool, Set<String>, String)] {
            let scenario = Self.scenario {
                $0.countsLines = countsLines
                $0.commands = commands
            }
            let board = SimulatedLoader(scenario)
            let help = try #require(RealtekHelp(ConsoleReply(text: Self.help(commands))))
            let bytes = try #require(scenario.hardware.chips["flash0"]?.bytes)
            try await Self.with(board) { session in
                let printer = RealtekWindowPrinter(RealtekMemoryDump(session, help), base: 0xBD00_0000)
                let chip = PrintedChip(session, printer, size: bytes.count, store: ContentStore())
                var read: [UInt8] = []
                try await chip.read(3..<0x2345) { read += $0.bytes }
                #expect(read == Array(bytes[3..<0x2345]), "\(name)")
                #expect(printer.name == name)
            }
        }
    }

    /// A help of at least three commands.
    private static func help(_ commands: Set<String>) -> String {
        "---- COMMAND MODE HELP ----\nLOADADDR: <Load Address>\nJ: Jump\nCMP: x\n"
            + commands.sorted().map { "\($0) <Address> <Len>\n" }.joined()
    }

    @Test("A reset within a reply is an interruption, and the session gets back in", arguments: [0, 10, 300])
    func resets(_ count: Int) async throws {
        let board = SimulatedLoader(Self.scenario())
        board.schedule(.reset(afterOutput: count), at: 2)
        try await Self.with(board) { session in
            _ = try await session.ask("?")
            let answer = try await session.surviving { try await session.ask("?") }
            #expect(RealtekHelp(answer.reply) != nil && session.boot == 1)
        }
        #expect(board.starts == 2 && board.offences.isEmpty)
    }
}
