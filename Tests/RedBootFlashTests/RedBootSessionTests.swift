import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import Synchronization
import TestBoards
import TestSupport
import Testing

@testable import RedBootFlash

/// Getting in, careful typing, questions.
@Suite("A session with RedBoot", .serialized)
struct RedBootSessionTests {
    private func find(
        _ board: SimulatedRedBoot, over opener: (any ChannelOpening)? = nil
    ) async throws -> Responder {
        let identifier = SimulatedRedBootSessions.identifier(board)
        return try await (opener ?? board).withChannel { try await identifier.find(Console($0)) }
    }

    // MARK: Getting in

    @Test("From its prompt, at its start, in its countdown, and after BOOTP")
    func gettingIn() async throws {
        let cases: [(String, @Sendable (inout RedBootScenario) -> Void)] = [
            ("prompt", { _ in }), ("off", { $0.start = .off }), ("start", { $0.start = .starting }),
            (
                "script",
                {
                    $0.start = .starting
                    $0.script = ["fis load linux", "exec"]
                }
            ),
            (
                "BOOTP",
                {
                    $0.start = .starting
                    $0.bootpTime = 15_000_000
                }
            ), ("telnet", { $0.isTelnet = true }),
            (
                "telnet in the countdown",
                {
                    $0.isTelnet = true
                    $0.start = .starting
                    $0.script = ["exec"]
                }
            ), ("DD-WRT", { $0.prompt = "DD-WRT> " }),
        ]
        for generation in RedBootScenario.Generation.allCases {
            for (name, change) in cases {
                let board = SimulatedRedBootSessions.recorded {
                    $0.generation = generation
                    change(&$0)
                }
                let found = try await find(board)
                #expect(found.dialect == "RedBoot", "\(name), \(generation)")
                #expect(found.prompt == Array((name == "DD-WRT" ? name + "> " : "RedBoot> ").utf8), "\(name)")
                #expect(board.offences.isEmpty && board.starts == 1, "\(name): \(board.offences)")
            }
        }
    }

    @Test("A script that has run is waited for until the next start")
    func tooLate() async throws {
        let board = SimulatedRedBootSessions.recorded {
            $0.start = .starting
            $0.script = ["exec"]
            $0.scriptTimeout = 1_000
        }
        var identifier = SimulatedRedBootSessions.identifier(board)
        identifier.wanted = ["RedBoot"]
        let requests = Mutex(0)
        identifier.notify = { notice in
            guard case .needsPower = notice else { return }
            requests.withLock { $0 += 1 }
            board.change { $0.scriptTimeout = 2_000_000 }
            board.powerOn()
        }
        let found = try await board.withChannel { try await identifier.find(Console($0)) }
        #expect(found.dialect == "RedBoot" && requests.withLock { $0 } >= 1)
    }

    @Test("On a bad line", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func badLine(_ seed: UInt64) async throws {
        var faults = LineFaults()
        faults.replyRate = 60
        faults.commandRate = 200
        let board = SimulatedRedBootSessions.recorded { if seed == 1 { $0.start = .starting } }
        let found = try await find(board, over: FaultyOpener(board, faults, seed: seed))
        #expect(found.dialect == "RedBoot" && found.prompt == Array("RedBoot> ".utf8))
    }

    // MARK: Commands

    @Test("Replies are those of the commands, with and without an echo", arguments: [false, true])
    func replies(_ isTelnet: Bool) async throws {
        let board = SimulatedRedBootSessions.recorded { $0.isTelnet = isTelnet }
        try await SimulatedRedBootSessions.with(board) { session in
            let sum = try await session.checksum(at: 0xBE10_0000, count: 0x1_0000)
            #expect(sum == 548_231_717)
            let cache = try await session.ask("cache")
            #expect(
                cache.lines.map { $0.string() }.filter { !$0.isEmpty } == ["Data cache: On, Instruction cache: On"])
            #expect(session.hasEcho == !isTelnet && session.retries == 0)
            let empty = try await session.ask("disks")
            _ = empty
        }
        #expect(board.offences.filter { $0.text != "disks" }.isEmpty, "\(board.offences)")
    }

    @Test("A line that drops, flips and repeats characters never runs another command")
    func noise() async throws {
        for seed in 1...6 as ClosedRange<UInt64> {
            var faults = LineFaults()
            faults.replyRate = 100
            faults.commandRate = 100
            let board = SimulatedRedBootSessions.recorded()
            let opener = FaultyOpener(board, faults, seed: seed)
            do {
                try await SimulatedRedBootSessions.with(board, over: opener) { session in
                    for count in [0x1_0000, 0x8000, 0x1000, 1, 17] {
                        let sum = try await session.checksum(at: 0xBE10_0000, count: count)
                        #expect(sum == POSIXChecksum.sum(of: RedBootRecording.content[..<count]), "\(count)")
                    }
                }
            } catch let error as FlashkeepError where board.offences.contains(where: { $0.kind == .debugger }) {
                // A character became a $, and nothing answers any more.
                #expect(error.code == .boardSilent)
            }
            for command in board.commands {
                // Nothing but the question, and the line that shows whether there is an echo.
                let isWord = command.contains("fk") || command.hasPrefix("zk") || command.hasPrefix("=")
                #expect(command.hasPrefix("cksum -b 0xbe100000 -l ") || isWord, "\(command)")
            }
            #expect(opener.damaged > 0)
        }
    }

    @Test("A question is answered with y only if it says what was meant")
    func questions() async throws {
        let command = try RedBootCommands().write(at: 0xBE30_0000, from: 0x8001_0000, count: 0x1_0000)
        let question = try #require(
            RedBootQuestion.write(at: 0xBE30_0000, from: 0x8001_0000, count: 0x1_0000))
        let other = try #require(
            RedBootQuestion.write(at: 0xBE30_0000, from: 0x8001_0000, count: 0x2_0000))
        for (expected, isDone) in [(question, true), (other, false), (nil, false)] as [(RedBootQuestion?, Bool)] {
            let board = SimulatedRedBootSessions.recorded { $0.hardware.isWritable = true }
            try await SimulatedRedBootSessions.with(board) { session in
                let answer = try await session.say(command, question: expected)
                #expect(answer.isWhole == isDone && answer.isQuestion == !isDone)
                #expect(RedBootFlashResult(answer.reply).done == (isDone ? [.erase, .program] : []))
                // It is at its prompt.
                _ = try await session.ask("cache")
            }
            let erases = board.hardware.chips["flash0"]?.erases[0x30]
            #expect(erases == (isDone ? 1 : nil))
        }
    }

    @Test("The recorded questions are the expected ones", arguments: ["2003", "2006", "2012", "be-2006"])
    func recordedQuestions(_ generation: String) throws {
        let recording = try RedBootRecording("malta-\(generation)-fis-write")
        let first = try recording.reply("fis write -b 0x80100000 -l 0x10000 -f 0xbe300000").output
        let end = try #require(ByteSearch.firstRange(of: Array("(y/n)? ".utf8), in: first)?.upperBound)
        let asked = ConsoleReply(output: Array(first[..<end]))
        let question = RedBootQuestion.write(at: 0xBE30_0000, from: 0x8010_0000, count: 0x1_0000)
        #expect(question?.isAsked(in: asked) == true)
        for (flash, memory, count) in [
            (0xBE31_0000, 0x8010_0000, 0x1_0000), (0xBE30_0000, 0x8010_0001, 0x1_0000),
            (0xBE30_0000, 0x8010_0000, 0x1_0001),
        ] as [(UInt64, UInt64, UInt64)] {
            #expect(RedBootQuestion.write(at: flash, from: memory, count: count)?.isAsked(in: asked) == false)
        }
        // A warning before it, or any other word, makes it another question.
        let warned = try recording.reply("fis write -b 0x84000000 -l 0x10000 -f 0xbe300000").output
        let warnedEnd = try #require(ByteSearch.firstRange(of: Array("(y/n)? ".utf8), in: warned)?.upperBound)
        #expect(
            RedBootQuestion.write(at: 0xBE30_0000, from: 0x8400_0000, count: 0x1_0000)?
                .isAsked(in: ConsoleReply(output: Array(warned[..<warnedEnd]))) == false)
    }

    @Test("A reset is an interruption, and the session gets back in")
    func resets() async throws {
        let board = SimulatedRedBootSessions.recorded { $0.script = ["exec"] }
        board.schedule(.reset(afterOutput: 20), at: 2)
        try await SimulatedRedBootSessions.with(board) { session in
            _ = try await session.ask("cache")
            let recovery = RedBootRecovery(session)
            let sum = try await recovery.surviving {
                try await session.checksum(at: 0xBE10_0000, count: 0x1_0000)
            }
            #expect(sum == 548_231_717 && session.boot == 1)
        }
        #expect(board.starts == 2 && board.offences.isEmpty)
    }
}
