import BoardChannels
import BoardConsoles
import FlashModel
import Synchronization
import TestBoards
import Testing

@testable import UBootFlash

/// Identifies a console without doing harm.
@Suite("Identifying a serial console", .serialized)
struct ConsoleIdentifierTests {
    /// The result of an identification.
    struct Outcome {
        var found: Responder?
        var startLog: [UInt8] = []
        var error: FlashkeepError?
        var board: SimulatedUBoot
        var notices: [ConsoleNotice]

        var requests: Int { notices.count { if case .needsPower = $0 { true } else { false } } }
    }

    static let proof = "zkabcdefgh\r"
    private static let interrupt = "\u{3}"
    /// The bytes sent to a silent board.
    static let wakes = "\u{3}\u{3} \r \r echo fk''abcdefgh\r"

    /// Identifies a board that is powered on when requested.
    func arrive(
        _ scenario: UBootScenario, powers: Bool = true, timing: ConsoleTiming = .simulated,
        _ change: (inout ConsoleIdentifier) -> Void = { _ in }
    ) async throws -> Outcome {
        let board = SimulatedUBoot(scenario)
        let notices = Mutex<[ConsoleNotice]>([])
        var outcome = Outcome(board: board, notices: [])
        try await board.withChannel { channel in
            var arrival = ConsoleIdentifier.ofAll(
                nonce: { "abcdefgh12345678" }, timing: timing,
                notify: { notice in
                    notices.withLock { $0.append(notice) }
                    if powers, case .needsPower = notice { board.powerOn() }
                })
            change(&arrival)
            do {
                outcome.found = try await arrival.find(Console(channel))
                outcome.startLog = outcome.found?.startLog ?? []
            } catch let error as FlashkeepError {
                outcome.error = error
            }
        }
        outcome.notices = notices.withLock { $0 }
        #expect(board.offences.isEmpty, "\(board.offences)")
        return outcome
    }

    func prompt(_ text: String) -> Responder { .uboot(prompt: Array(text.utf8)) }

    // MARK: U-Boot

    @Test(
        "A waiting prompt of any form",
        arguments: [
            "=> ", "==> ", "U-Boot> ", "u-boot=> ", "ar7240> ", "MT7621 # ", "hisilicon # ", "maltael # ",
            "MX6QSABRELITE U-Boot > ", "VExpress# ", "(IPQ40xx) # ", "U-Boot $ ", "anyka$", "s12#", "G3#",
            // Any other ending, because U-Boot's answer to ^C is before it.
            ">", "> ", "BOOT:", "uboot % ", String(repeating: "A", count: 150) + "=> ",
        ])
    func waitingPrompt(_ text: String) async throws {
        for end in [UBootScenario.LineEnd.usual, .reversed, .doubled] {
            var scenario = UBootScenario()
            scenario.prompt = text
            scenario.lineEnd = end
            let outcome = try await arrive(scenario)
            #expect(outcome.found == prompt(text), "\(text)")
            #expect(outcome.board.typed == Self.interrupt + Self.proof, "\(text)")
            #expect(outcome.notices.isEmpty)
        }
    }

    @Test(
        "A countdown is stopped by the key that it names",
        arguments: [
            ("Hit any key to stop autoboot: ", nil, " "),
            ("Hit any key to stop autoboot: ", "\u{3}", " \u{3}"),
            ("Hit 'gl' key to stop booting in", "gl", "gl"),
            ("Press SPACE to abort autoboot in 3 seconds ", " ", " "),
            ("Press ESC to abort autoboot in 3 seconds", "\u{1B}", "\u{1B}"),
            ("Hit Ctrl-C to stop autoboot: ", "\u{3}", "\u{3}"),
            ("Enter 'noautoboot' to stop autoboot. Booting in seconds: ", "noautoboot", "noautoboot"),
            ("Press \"<Esc><Esc>\" to stop autoboot in 3 seconds", "\u{1B}\u{1B}", "\u{1B}\u{1B}"),
            ("Hit ENTER key to stop autoboot: ", "\r", "\r"), ("Hit Ctrl+u to stop autoboot: ", "\u{15}", "\u{15}"),
            (
                "Hit 5 times Ctrl+u to stop autoboot: ", "\u{15}\u{15}\u{15}\u{15}\u{15}",
                "\u{15}\u{15}\u{15}\u{15}\u{15}"
            ),
            ("Hit \\^d to stop autoboot: ", "\u{4}", "\u{4}"), ("Hit any key to interrupt boot: ", nil, " "),
            ("Press <s> to stop autoboot: ", "s", "s"), ("Press [f] to abort boot: ", "f", "f"),
            ("Press 'f' then 'b' to stop autoboot: ", "fb", "fb"),
            ("Press [Del] to stop autoboot: ", "\u{7F}", "\u{7F}"),
        ] as [(String, String?, String)])
    func countdown(_ text: String, _ keys: String?, _ sent: String) async throws {
        for start in [UBootScenario.Start.off, .countdown] {
            var scenario = UBootScenario()
            scenario.start = start
            scenario.countdown = UBootScenario.Countdown(text, keys: keys)
            let outcome = try await arrive(scenario)
            #expect(outcome.found == prompt("=> "), "\(text)")
            #expect(String(decoding: outcome.startLog, as: UTF8.self).contains("DRAM:  256 MiB"))
            #expect(outcome.requests == (start == .off ? 1 : 0))
            let before = start == .off ? Self.wakes : ""
            // ^C in the pauses of a startup is harmless everywhere.
            let typed = outcome.board.typed
            #expect(typed.hasPrefix(before))
            #expect(typed.dropFirst(before.count).drop { $0 == "\u{3}" }.starts(with: sent.drop { $0 == "\u{3}" }))
            let others = typed.dropFirst(before.count).filter { $0 != "\u{3}" }
            #expect(others == sent.filter { $0 != "\u{3}" } + Self.proof, "\(text)")
            #expect(outcome.board.commands.count == 1)
        }
    }

    @Test(
        "TP-Link names no key, and accepts tpl",
        arguments: ["Autobooting in 1 seconds\n", "Enter magic string to stop autoboot in 1 seconds\n"])
    func tpLink(_ text: String) async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.prompt = "ar7240> "
        scenario.countdown = UBootScenario.Countdown(text, keys: "tpl")
        let outcome = try await arrive(scenario)
        #expect(outcome.found == prompt("ar7240> "))
        #expect(outcome.board.typed == Self.wakes + "tpl" + Self.proof)
    }

    @Test("The user's key does no harm if it arrives twice")
    func userKeyTwice() async throws {
        for keys in [" ", "\u{1B}", "x", "abort"] {
            var scenario = UBootScenario()
            scenario.start = .off
            scenario.countdown = UBootScenario.Countdown(keys: keys)
            let outcome = try await arrive(scenario) { $0.stopKey = Array(keys.utf8) }
            #expect(outcome.found == prompt("=> "))
            #expect(outcome.requests == 1)
            #expect(outcome.board.commands.count == 1)
        }
    }

    @Test("A startup with long pauses is waited for")
    func pauses() async throws {
        for milliseconds in [400, 700, 3_000, 12_000] {
            var scenario = UBootScenario()
            scenario.start = .off
            scenario.startTime = milliseconds * 1_000
            let outcome = try await arrive(scenario)
            #expect(outcome.found == prompt("=> "), "\(milliseconds)")
            #expect(outcome.requests == 1, "\(milliseconds)")
            #expect(outcome.board.typed.allSatisfy { "\u{3} \rz echo fk'abcdefgh".contains($0) })
        }
    }

    @Test("Only the user's key is sent")
    func userKey() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.countdown = UBootScenario.Countdown("Autoboot in a moment ", keys: "xyz")
        let outcome = try await arrive(scenario) { $0.stopKey = Array("xyz".utf8) }
        #expect(outcome.found == prompt("=> "))
        #expect(
            outcome.board.typed.filter { $0 != "\u{3}" } == Self.wakes.filter { $0 != "\u{3}" } + "xyz" + Self.proof)
    }

    @Test("Without a delay, the user's key is sent before it is requested")
    func noDelay() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.countdown = UBootScenario.Countdown("Hit any key to stop autoboot: ", seconds: 0)
        let outcome = try await arrive(scenario) { $0.stopKey = [0x20] }
        #expect(outcome.found == prompt("=> "))
    }

    @Test("In a menu, only the digit for the command line is sent", arguments: ["4", "1", nil])
    func menu(_ digit: Character?) async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.prompt = "MT7621 # "
        scenario.version = "U-Boot 1.1.3 (Jul  3 2014 - 12:00:00)"
        scenario.menu = UBootScenario.Menu(commandLine: digit)
        let outcome = try await arrive(scenario)
        if let digit {
            #expect(outcome.found == prompt("MT7621 # "))
            #expect(
                outcome.board.typed.filter { $0 != "\u{3}" } == Self.wakes.filter { $0 != "\u{3}" } + "\(digit)"
                    + Self.proof)
        } else {
            #expect(outcome.found == .linux)
            #expect(outcome.requests == 1)
            #expect(outcome.board.typed.filter { $0 != "\u{3}" } == Self.wakes.filter { $0 != "\u{3}" })
        }
    }

    @Test("A bootloader that asks for a password")
    func password() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.password = "secret"
        let right = try await arrive(scenario) { $0.password = { "secret" } }
        #expect(right.found == prompt("=> "))
        #expect(right.board.typed == Self.wakes + " secret\r" + Self.proof)
        let wrong = try await arrive(scenario) { $0.password = { "guess" } }
        #expect(wrong.error?.code == .authenticationFailed)
        #expect(wrong.board.typed == Self.wakes + " guess\r")
        let none = try await arrive(scenario)
        #expect(none.error?.code == .passwordNeeded)
        #expect(none.board.typed == Self.wakes + " ")
    }

    @Test("If it is too late and the system starts, another power cycle is requested")
    func missed() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.countdown = UBootScenario.Countdown("Autoboot in 3 seconds\n", keys: "secret")
        // If Linux is acceptable, it is returned.
        let linux = try await arrive(scenario)
        #expect(linux.found == .linux)
        #expect(linux.requests == 1)
        // If the bootloader is required, power cycles are requested until it can be stopped.
        let asked = Mutex(0)
        let board = SimulatedUBoot(scenario)
        try await board.withChannel { channel in
            let arrival = ConsoleIdentifier.ofAll(
                wanted: ["U-Boot"], nonce: { "abcdefgh12345678" }, timing: .simulated,
                notify: { notice in
                    guard case .needsPower = notice else { return }
                    let count = asked.withLock { count in
                        count += 1
                        return count
                    }
                    if count == 3 { board.change { $0.countdown = UBootScenario.Countdown() } }
                    board.powerOn()
                })
            let found = try await arrival.find(Console(channel))
            #expect(found == prompt("=> "))
        }
        #expect(asked.withLock { $0 } == 3)
        #expect(board.offences.isEmpty)
    }

    @Test("If the bootloader is required, a running Linux is waited out")
    func restartedLinux() async throws {
        for start in [UBootScenario.Start.login, .shell] {
            var scenario = UBootScenario()
            scenario.start = start
            let outcome = try await arrive(scenario) { $0.wanted = ["U-Boot"] }
            #expect(outcome.found == prompt("=> "))
            #expect(outcome.requests == 1)
        }
    }

    // MARK: Others

    @Test("Linux is left to the shell", arguments: [UBootScenario.Start.login, .shell])
    func linux(_ start: UBootScenario.Start) async throws {
        var scenario = UBootScenario()
        scenario.start = start
        let outcome = try await arrive(scenario)
        #expect(outcome.found == .linux)
        #expect(outcome.notices.isEmpty)
        #expect(outcome.board.typed == Self.interrupt + (start == .shell ? Self.proof : ""))
    }

    @Test("Endless output is left to the shell")
    func chatter() async throws {
        var scenario = UBootScenario()
        scenario.start = .chatter
        var timing = ConsoleTiming.simulated
        timing.settled = .milliseconds(30)
        let outcome = try await arrive(scenario, timing: timing)
        #expect(outcome.found == .linux)
        #expect(outcome.board.typed.isEmpty)
    }

    @Test("Bootloaders that are recognized and no more are named")
    func otherLoaders() async throws {
        // Recognized by their own startup messages.
        for (line, name) in [("Breed Version: 1.1 (r1266)", "Breed")] {
            var scenario = UBootScenario()
            scenario.start = .off
            scenario.version = line
            let outcome = try await arrive(scenario)
            #expect(outcome.error?.what.contains(name) == true, "\(line)")
            #expect(outcome.board.typed == Self.wakes)
        }
    }

    // MARK: No answer

    @Test("Without an answer, one power cycle is requested before the error")
    func silence() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        var timing = ConsoleTiming.simulated
        timing.power = .seconds(30)
        let outcome = try await arrive(scenario, powers: false, timing: timing)
        #expect(outcome.error?.code == .boardSilent)
        #expect(outcome.requests == 1)
        #expect(outcome.board.typed == Self.wakes)
    }

    @Test("A wrong rate is reported as one")
    func garbage() async throws {
        var scenario = UBootScenario()
        scenario.start = .garbage
        var timing = ConsoleTiming.simulated
        // Shorter than the pauses between the bytes.
        timing.settled = .milliseconds(5)
        let outcome = try await arrive(scenario, powers: false, timing: timing)
        #expect(outcome.error?.code == .replyNotUnderstood)
        #expect(outcome.error?.what.contains("garbage") == true)
        #expect(outcome.error?.next.contains("baud") == true)
        #expect(outcome.board.typed.allSatisfy { "\u{3} \rz echo fk'abcdefgh".contains($0) })
    }

    @Test("A wrong rate without pauses is reported as one, too")
    func endlessGarbage() async throws {
        var scenario = UBootScenario()
        scenario.start = .garbage
        var timing = ConsoleTiming.simulated
        timing.settled = .milliseconds(30)
        let outcome = try await arrive(scenario, powers: false, timing: timing)
        #expect(outcome.error?.what.contains("garbage") == true)
    }

    @Test("A board that prints but receives nothing is distinguished from a locked one")
    func deadReceiveLine() async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.isDeaf = true
        // It stays at its prompt, because it has nothing to start.
        scenario.countdown = nil
        let outcome = try await arrive(scenario)
        #expect(outcome.error?.code == .replyNotUnderstood)
        #expect(outcome.error?.why.contains("echoed nothing") == true)
        #expect(outcome.requests == 1)
    }

    @Test(
        "Bad lines end in the prompt or a clear error, and nothing harmful is sent", arguments: 1...40, [60, 500])
    func badLine(_ seed: Int, _ rate: Int) async throws {
        var faults = LineFaults()
        faults.replyRate = rate
        faults.commandRate = rate
        var scenario = UBootScenario()
        scenario.start = seed % 2 == 0 ? .off : .prompt
        let board = SimulatedUBoot(scenario)
        let opener = FaultyOpener(board, faults, seed: UInt64(seed))
        var timing = ConsoleTiming.simulated
        timing.power = .seconds(30)
        let settled = timing
        try await opener.withChannel { channel in
            let arrival = ConsoleIdentifier.ofAll(
                nonce: { "abcdefgh12345678" }, timing: settled,
                notify: { if case .needsPower = $0 { board.powerOn() } })
            do {
                let found = try await arrival.find(Console(channel))
                // A line that damages one reply in three is no reason to mistake U-Boot for something else.
                #expect(found == .uboot(prompt: Array("=> ".utf8)) || found == .linux && rate < 500)
            } catch let error as FlashkeepError {
                #expect([.boardSilent, .replyNotUnderstood].contains(error.code) && rate < 500, "\(error)")
            }
        }
        // Enter is sent only after the echoed word, or after a blank.
        var line = ""
        for character in opener.sent {
            if character == "\r" {
                #expect(!line.isEmpty)
                let word = String(line.drop { $0 == " " })
                #expect(["", "zkabcdefgh", "echo fk''abcdefgh"].contains(word), "\(line)")
                line = ""
            } else if character == "\u{3}" {
                line = ""
            } else {
                line.append(character)
            }
        }
    }
}
