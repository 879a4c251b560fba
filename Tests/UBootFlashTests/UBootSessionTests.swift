import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Careful typing, and replies that are distinguished from prompts.
@Suite("A session with U-Boot", .serialized)
struct UBootSessionTests {
    private let flash = SimulatedSessions.bytes(0x8000)
    private let base: UInt64 = 0xBF00_0000

    private func checksum(_ reply: UBootReply, at address: UInt64, _ count: UInt64) -> Bool {
        UBootChecksum(reply)?.covers(address, count: count) ?? false
    }

    // MARK: Good lines

    @Test("Each command is typed once, and its reply is complete", arguments: [0, 1_000, 4_000, 100_000])
    func plain(_ adapterTime: Int) async throws {
        for end in [UBootScenario.LineEnd.usual, .reversed, .doubled] {
            for prompt in ["=> ", "==> ", "VExpress# ", "MX6QSABRELITE U-Boot > "] {
                let board = SimulatedSessions.nor(flash) {
                    $0.lineEnd = end
                    $0.prompt = prompt
                    $0.adapterTime = adapterTime
                    $0.fifo = 8
                }
                let commands = [
                    "version", "help", "bdinfo", "printenv", "flinfo", "crc32 bf000000 4000", "md.b bf000000 35",
                ]
                try await SimulatedSessions.with(board, prompt: prompt) { session in
                    for command in commands {
                        let reply = try await session.ask(command, namesItself: true)
                        let lines = reply.lines.map { $0.string() }.drop { $0.isEmpty }
                        let expected = UBootReply(text: board.reply(command)).lines.map { $0.string() }.drop {
                            $0.isEmpty
                        }
                        #expect(Array(lines) == Array(expected), "\(prompt) \(command)")
                    }
                    #expect(session.retries == 0)
                }
                #expect(board.typed == commands.map { $0 + " \r" }.joined())
                #expect(board.offences.isEmpty)
            }
        }
    }

    @Test("Text like a prompt within a reply is part of the reply", arguments: [0, 4_000])
    func promptsInReplies(_ adapterTime: Int) async throws {
        let board = SimulatedSessions.nor(flash) {
            $0.variables = ["a": "1\n=> ", "b": "2\n=> 3", "c": "\n=> \n=> ", "menu": "=> "]
            $0.adapterTime = adapterTime
        }
        let expected = UBootReply(text: board.reply("printenv")).lines.map { $0.string() }
        try await SimulatedSessions.with(board) { session in
            for _ in 0..<3 {
                let answer = try await session.say("printenv")
                #expect(answer.isWhole)
                #expect(Array(answer.reply.lines.map { $0.string() }.dropFirst()) == expected)
                // The line of a checksum contains `==> `, which ends like the prompt.
                let sum = try await session.ask("crc32 bf000000 4000", accepts: { checksum($0, at: base, 0x4000) })
                #expect(UBootChecksum(sum)?.digest.hex == StreamingChecksum.digest(of: flash[..<0x4000], .crc32).hex)
            }
            #expect(session.retries == 0)
        }
        #expect(board.offences.isEmpty)
    }

    @Test("A line that is too long for the board's buffer is discarded and never run")
    func tooLong() async throws {
        let board = SimulatedSessions.nor(flash) { $0.lineLimit = 32 }
        try await SimulatedSessions.with(board) { session in
            await #expect(throws: FlashkeepError.self) {
                _ = try await session.ask("printenv " + String(repeating: "a", count: 40))
            }
            // The session remains usable.
            _ = try await session.ask("crc32 bf000000 100", accepts: { checksum($0, at: base, 0x100) })
        }
        #expect(board.commands == ["crc32 bf000000 100"])
        #expect(board.offences.isEmpty)
    }

    @Test("A command that hangs ends in an error, and only ^C is sent")
    func hang() async throws {
        for after in [0, 1, 20, 60] {
            let board = SimulatedSessions.nor(flash)
            board.schedule(.hang(afterOutput: after), at: 1)
            try await SimulatedSessions.with(board) { session in
                do {
                    _ = try await session.ask("crc32 bf000000 4000")
                    Issue.record("it answered")
                } catch let error as FlashkeepError {
                    #expect(error.code == .boardSilent)
                }
            }
            #expect(board.commands == ["crc32 bf000000 4000"])
            #expect(board.typed.dropFirst("crc32 bf000000 4000 \r".count).allSatisfy { $0 == "\u{3}" })
        }
    }

    @Test("Interleaved messages change a reply, which is requested again")
    func interjections() async throws {
        for after in [0, 3, 10, 30, 46, 52] {
            let board = SimulatedSessions.nor(flash)
            board.schedule(.saying("\nusb 1-1: reset\n", afterOutput: after), at: 1)
            try await SimulatedSessions.with(board) { session in
                let reply = try await session.ask("crc32 bf000000 4000", accepts: { checksum($0, at: base, 0x4000) })
                #expect(checksum(reply, at: base, 0x4000))
            }
        }
    }

    // MARK: Bad lines

    @Test(
        "Only the intended command runs, whatever the line does to it",
        arguments: [60, 150, 500], [1, 2, 3, 4, 5, 6] as [UInt64])
    func typedOnBadLine(_ rate: Int, _ seed: UInt64) async throws {
        let board = SimulatedSessions.nor(flash) { $0.adapterTime = seed % 2 == 0 ? 0 : 4_000 }
        var faults = LineFaults()
        faults.commandRate = rate
        faults.replyRate = rate
        let opener = FaultyOpener(board, faults, seed: seed)
        var asked: Set<String> = []
        try await SimulatedSessions.with(board, over: opener) { session in
            for number in 0..<40 {
                let address = base + UInt64(number * 64)
                let command = "crc32 \(String(address, radix: 16)) \(String(number * 16 + 1, radix: 16))"
                asked.insert(command)
                do {
                    let reply = try await session.ask(
                        command, accepts: { checksum($0, at: address, UInt64(number * 16 + 1)) })
                    let range = number * 64..<number * 80 + 1
                    // A digit of the sum itself may be wrong; callers that need it ask twice.
                    let right = StreamingChecksum.digest(of: flash[range], .crc32).hex
                    let digits = zip(UBootChecksum(reply)?.digest.hex ?? "", right).count { $0 != $1 }
                    #expect(digits <= 1)
                } catch let error as FlashkeepError {
                    // Such a bad line may be given up.
                    #expect(rate < 100, "\(error)")
                }
            }
        }
        // The board ran only what was requested, except after a doubled Enter or characters that followed the last
        // echo; those only read.
        #expect(
            board.offences.allSatisfy { $0.kind == .bareEnter || $0.kind == .memory }, "\(board.offences.prefix(3))")
        // The session itself sends Enter only after the whole command.
        for line in opener.sent.split(separator: "\r", omittingEmptySubsequences: false).dropLast() {
            let typed = line.split(separator: "\u{3}", omittingEmptySubsequences: false).last ?? ""
            #expect(typed.last == " " && asked.contains(String(typed.dropLast())), "\(typed)")
        }
    }

    @Test("A character that the line doubles never changes a command")
    func lengthened() async throws {
        // `sf read` with an extra digit reads more, and reports it.
        var spi = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 0, blockSize: 4096)
        spi.bytes = SimulatedSessions.bytes(0x10000)
        spi.chip.size = .exact(spi.bytes.count)
        var scenario = UBootScenario(SimulatedHardware(identity: BoardIdentity(), chips: [spi], devices: []))
        scenario.allow("sf")
        scenario.adapterTime = 0
        var lengthened = 0
        for seed in 1...60 as ClosedRange<UInt64> {
            let board = SimulatedUBoot(scenario)
            var faults = LineFaults()
            faults.commandRate = 20
            let opener = FaultyOpener(board, faults, seed: seed)
            try await SimulatedSessions.with(board, over: opener) { session in
                _ = try await session.ask("sf probe")
                for _ in 0..<6 {
                    let reply = try await session.ask("sf read 81000000 0 100")
                    #expect(UBootReadResult(reply).outcome == .ok(bytes: 0x100), "\(seed)")
                }
            }
            lengthened += board.commands.count { $0.hasPrefix("sf read 81000000 0 100") && $0.count > 22 }
        }
        #expect(lengthened == 0)
    }

    @Test("A damaged prompt is recognized")
    func damagedPrompts() {
        let prompt = Array("=> ".utf8)
        for text in ["=>", "> ", "= ", "=>> ", "==> ", "=>  ", "?> ", "=? ", "=>?"] {
            #expect(PromptMatch.isNearly(Array(text.utf8), prompt), "\(text)")
        }
        for text in ["", "=> ", "=", "abc", "=> md", "CRC32 for 00 ... 00 ==> "] {
            #expect(!PromptMatch.isNearly(Array(text.utf8), prompt), "\(text)")
        }
    }

    @Test("After damaged prompts the next command still runs", arguments: [1, 2, 3, 4] as [UInt64])
    func repliesOnBadLine(_ seed: UInt64) async throws {
        let board = SimulatedSessions.nor(flash)
        var faults = LineFaults()
        faults.replyRate = 40
        let opener = FaultyOpener(board, faults, seed: seed)
        try await SimulatedSessions.with(board, over: opener) { session in
            for _ in 0..<30 {
                let answer = try await session.say("echo hello")
                if answer.isWhole { #expect(answer.reply.output.count < 40) }
            }
        }
        #expect(Set(board.commands) == ["echo hello"])
        #expect(board.offences.isEmpty)
    }

    // MARK: Restarts

    @Test("A reset during a reply, at every character")
    func resetInReply() async throws {
        for after in 0...60 {
            let board = SimulatedSessions.nor(flash) { if after % 2 == 0 { $0.countdown = nil } }
            board.schedule(.reset(afterOutput: after), at: 2)
            try await SimulatedSessions.with(board) { session in
                _ = try await session.ask("crc32 bf000000 100", accepts: { checksum($0, at: base, 0x100) })
                await #expect(throws: UBootSession.Interruption.self, "\(after)") {
                    _ = try await session.ask("crc32 bf000000 4000")
                }
                try await session.getBackIn()
                let reply = try await session.ask("crc32 bf000000 4000", accepts: { checksum($0, at: base, 0x4000) })
                #expect(checksum(reply, at: base, 0x4000))
                #expect(session.boot == 1)
            }
            #expect(board.offences.isEmpty)
            #expect(board.starts == 2)
        }
    }

    @Test("A reset during typing, at every character")
    func resetWhileTyping() async throws {
        let command = "crc32 bf000000 4000"
        for after in 1...command.count {
            let board = SimulatedSessions.nor(flash) { if after % 2 == 0 { $0.countdown = nil } }
            board.schedule(.resetWhileTyping(after), at: 1)
            try await SimulatedSessions.with(board) { session in
                await #expect(throws: UBootSession.Interruption.self, "\(after)") {
                    _ = try await session.ask(command)
                }
                try await session.getBackIn()
                let reply = try await session.ask(command, accepts: { checksum($0, at: base, 0x4000) })
                #expect(checksum(reply, at: base, 0x4000))
            }
            #expect(board.offences.isEmpty, "\(after): \(board.offences)")
            #expect(board.starts == 2)
        }
    }

    @Test("`version` names U-Boot without a restart, and a restart during it is detected")
    func ownName() async throws {
        let board = SimulatedSessions.nor(flash)
        try await SimulatedSessions.with(board) { session in
            let reply = try await session.ask("version", namesItself: true)
            #expect(UBootVersion(reply)?.text == "2023.01")
            await #expect(throws: UBootSession.Interruption.self) { _ = try await session.ask("version") }
        }
    }

    @Test("A restart during a reply that may name U-Boot is detected before the system starts")
    func resetInOwnName() async throws {
        for after in [0, 5, 40, 80] {
            let board = SimulatedSessions.nor(flash)
            board.schedule(.reset(afterOutput: after), at: 1)
            try await SimulatedSessions.with(board) { session in
                await #expect(throws: UBootSession.Interruption.self, "\(after)") {
                    _ = try await session.ask("version", namesItself: true)
                }
                try await session.getBackIn()
                #expect(board.starts == 2, "\(after)")
            }
        }
    }

    @Test("A processor exception counts as a restart")
    func exceptions() async throws {
        let board = SimulatedSessions.nor(flash)
        try await SimulatedSessions.with(board) { session in
            await #expect(throws: UBootSession.Interruption.self) { _ = try await session.say("md.l 1000 4") }
            try await session.getBackIn()
            _ = try await session.ask("crc32 bf000000 100", accepts: { checksum($0, at: base, 0x100) })
        }
    }

    @Test("After a reset into Linux, a power cycle is requested and the work continues")
    func gone() async throws {
        let usual = UBootScenario.Countdown()
        let board = SimulatedSessions.nor(flash) {
            $0.countdown = UBootScenario.Countdown("Autoboot in 3\n", keys: "no")
        }
        board.schedule(.reset(afterOutput: 5), at: 1)
        let power = { @Sendable (board: SimulatedUBoot) in
            board.change { $0.countdown = usual }
            board.powerOn()
        }
        try await SimulatedSessions.with(board, power: power) { session in
            await #expect(throws: UBootSession.Interruption.self) { _ = try await session.ask("crc32 bf000000 4000") }
            try await session.getBackIn()
            #expect(board.starts == 3)
            _ = try await session.ask("crc32 bf000000 100", accepts: { checksum($0, at: base, 0x100) })
        }
    }
}
