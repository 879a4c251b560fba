import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles
import TestBoards
import TestSupport
import Testing

@testable import CFEFlash

/// Getting in, careful typing, resets.
@Suite("A session with CFE", .serialized)
struct CFESessionTests {
    static func scenario(_ family: CFEScenario.Family, _ change: (inout CFEScenario) -> Void = { _ in }) -> CFEScenario
    {
        let flash =
            family == .bcm63xxNAND
            ? SimulatedHardware.Flash("nand0", kind: .nand, blocks: 6, blockSize: 4096, pageSize: 512, oobSize: 16)
            : SimulatedHardware.Flash("flash0", kind: .spiNOR, blocks: 8, blockSize: 0x1000)
        var scenario = CFEScenario(
            family, SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: []))
        change(&scenario)
        return scenario
    }

    @Test("From its prompt, its start, and when it is switched on", arguments: CFEScenario.Family.allCases)
    func gettingIn(_ family: CFEScenario.Family) async throws {
        for start in SimulatedLoader.Start.allCases {
            for (hasEditing, wantsLetter) in [(false, false), (true, false), (false, true)] {
                let board = SimulatedLoader(
                    Self.scenario(family) {
                        $0.hasLineEditing = hasEditing
                        $0.wantsLetter = wantsLetter
                    }, start: start)
                let found = try await LoaderSessions.find(board)
                #expect(found.dialect == "CFE" && found.prompt == Array("CFE> ".utf8), "\(start)")
                #expect(board.starts == 1 && board.offences.isEmpty, "\(start): \(board.offences)")
                #expect(found.startLog.isEmpty == (start == .prompt))
                // Nothing is run but the word that no loader knows.
                #expect(board.commands.allSatisfy { $0.hasPrefix("zk") || $0.hasPrefix("tzk") }, "\(board.commands)")
            }
        }
    }

    @Test("On a line that damages one character in sixty, it is nearly always recognized, and never as another loader")
    func badLine() async throws {
        var recognized = 0
        let seeds = 1...40 as ClosedRange<UInt64>
        for seed in seeds {
            var faults = LineFaults()
            faults.replyRate = 60
            let board = SimulatedLoader(Self.scenario(.bcm47xx), start: seed == 1 ? .starting : .prompt)
            do {
                let found = try await LoaderSessions.find(board, over: FaultyOpener(board, faults, seed: seed))
                if found.dialect == "CFE", found.prompt == Array("CFE> ".utf8) { recognized += 1 }
                #expect(found.dialect == "CFE" || found.prompt == nil, "\(seed): \(found.dialect)")
            } catch let error as FlashkeepError {
                #expect([.boardSilent, .replyNotUnderstood].contains(error.code), "\(seed): \(error)")
            }
            #expect(board.offences.isEmpty, "\(seed): \(board.offences)")
        }
        #expect(recognized >= 36, "\(recognized) of \(seeds.count)")
    }

    @Test("No image is started through it, and the error says what can be done")
    func wanted() async throws {
        let board = SimulatedLoader(Self.scenario(.bcm47xx), start: .prompt)
        var identifier = LoaderSessions.identifier(board)
        identifier.wanted = ["U-Boot", "RedBoot"]
        let wanting = identifier
        let error = await #expect(throws: FlashkeepError.self) {
            try await board.withChannel { channel in _ = try await wanting.find(Console(channel)) }
        }
        #expect(error?.code == .usage && error?.what.hasPrefix("CFE answers") == true, "\(String(describing: error))")
        #expect(error?.why.contains("RedBoot and U-Boot") == true && error?.next.contains("Omit --image") == true)
        #expect(board.offences.isEmpty)
    }

    @Test("A line that drops, flips and repeats characters never runs another command")
    func noise() async throws {
        for hasEditing in [false, true] {
            for seed in 1...4 as ClosedRange<UInt64> {
                var faults = LineFaults()
                faults.replyRate = 100
                faults.commandRate = 100
                let board = SimulatedLoader(Self.scenario(.bcm47xx) { $0.hasLineEditing = hasEditing })
                let opener = FaultyOpener(board, faults, seed: seed)
                try await LoaderSessions.with(board, CFELoader(), prompt: "CFE> ", over: opener) { session in
                    for _ in 0..<40 {
                        let answer = try await session.ask("show devices", accepts: { CFEDevices($0) != nil })
                        #expect(answer.isWhole)
                    }
                    #expect(session.retries > 0)
                }
                for command in board.commands where command != "show devices" {
                    // A character that became an Enter cuts it short.
                    #expect("show devices".hasPrefix(command), "\(command)")
                }
                #expect(opener.damaged > 0)
            }
        }
    }

    @Test("The end of a reply is its status line; a negative one is an error")
    func statuses() async throws {
        let board = SimulatedLoader(Self.scenario(.bcm47xx))
        try await LoaderSessions.with(board, CFELoader(), prompt: "CFE> ") { session in
            let good = try await session.say("show devices")
            #expect(good.isWhole && good.status == 0)
            let bad = try await session.say("fdump -offset=0x0 -size=0x10 flash1")
            #expect(bad.isWhole && bad.status == -6 && bad.reply.lines.contains { $0.hasPrefix("flash1: Device") })
            let unknown = try await session.say("fkabcdefgh")
            #expect(unknown.status == -1)
        }
    }

    @Test("A reset within a reply is an interruption, and the session gets back in", arguments: [0, 10, 200])
    func resets(_ count: Int) async throws {
        for family in CFEScenario.Family.allCases {
            let board = SimulatedLoader(Self.scenario(family))
            board.schedule(.reset(afterOutput: count), at: 2)
            try await LoaderSessions.with(board, CFELoader(), prompt: "CFE> ") { session in
                _ = try await session.ask("help")
                let answer = try await session.surviving { try await session.ask("help") }
                #expect(CFEHelp(answer.reply) != nil && session.boot == 1 && !session.startLog.isEmpty)
            }
            #expect(board.starts == 2 && board.offences.isEmpty)
        }
    }

    @Test("A board that always restarts at the same command is given up")
    func resetsForEver() async throws {
        let board = SimulatedLoader(Self.scenario(.bcm47xx))
        // Between them, the prompt is found again.
        for number in stride(from: 1, to: 40, by: 2) { board.schedule(.reset(afterOutput: 30), at: number) }
        await #expect(throws: FlashkeepError.self) {
            try await LoaderSessions.with(board, CFELoader(), prompt: "CFE> ") { session in
                _ = try await session.surviving { try await session.ask("help") }
            }
        }
        #expect(board.starts < 8)
    }

    @Test("A length in another base is noticed with the first line")
    func otherBase() async throws {
        let scenario = Self.scenario(.bcm63xxNOR) { $0.lengthBase = 16 }
        let board = SimulatedLoader(scenario)
        let help = CFEHelp(ConsoleReply(text: board.reply("help")))
        try await LoaderSessions.with(board, CFELoader(), prompt: "CFE> ") { session in
            let printer = try #require(CFEMemoryPrinter(session, help, base: scenario.base))
            let chip = PrintedChip(session, printer, size: 0x8000, store: ContentStore())
            await #expect(throws: FlashkeepError.self) { try await chip.read(0..<64) { _ in } }
        }
        #expect(board.offences.isEmpty)
    }
}
