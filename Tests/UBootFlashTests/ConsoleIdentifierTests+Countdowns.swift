import BoardConsoles
import FlashModel
import Synchronization
import TestBoards
import Testing

@testable import UBootFlash

/// Countdowns that are hard to see, or that were missed.
extension ConsoleIdentifierTests {
    @Test(
        "A countdown that is one line without an end is stopped while it stands",
        arguments: [
            ("Press ESC within 3 s to stop autoboot", "\u{1B}"),
            ("Autobooting in 3 seconds, press \"stop\" to stop", "stop"),
            ("Press 'f' then 'b' to stop autoboot", "fb"), ("Press DEL to abort autoboot", "\u{7F}"),
        ])
    func standingCountdown(_ text: String, _ keys: String) async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.countdown = UBootScenario.Countdown(text, keys: keys, showsSeconds: false)
        let outcome = try await arrive(scenario)
        #expect(outcome.found == prompt("=> "))
        let others = outcome.board.typed.dropFirst(Self.wakes.count).filter { $0 != "\u{3}" }
        #expect(others == keys + Self.proof)
    }

    @Test(
        "A countdown that was missed is quoted with --stop-key, and no key of it reaches the system",
        arguments: [
            "Press 'x' then 'y' to stop autoboot: ", "Press Ctrl-B to enter Boot Menu...\n", "Autoboot in 3 seconds\n",
            "Hit F1 to stop autoboot: ",
        ])
    func missedCountdown(_ text: String) async throws {
        var scenario = UBootScenario()
        scenario.start = .off
        scenario.countdown = UBootScenario.Countdown(text, keys: "secret")
        let words = String(text.prefix(20))
        let linux = try await arrive(scenario)
        #expect(linux.found == .linux)
        #expect(linux.found?.missedCountdown?.contains(words) == true)
        let notes = linux.notices.compactMap { if case .note(let note) = $0 { note } else { nil } }
        #expect(notes.contains { $0.contains(words) && $0.contains("--stop-key") }, "\(notes)")
        #expect(linux.board.commands.isEmpty)
        // If only the bootloader will do, and nobody switches the board again.
        var timing = ConsoleTiming.simulated
        timing.power = .seconds(30)
        let asked = Mutex(0)
        let board = SimulatedUBoot(scenario)
        let settled = timing
        try await board.withChannel { channel in
            let arrival = ConsoleIdentifier.ofAll(
                wanted: ["U-Boot"], nonce: { "abcdefgh12345678" }, timing: settled,
                notify: { notice in
                    guard case .needsPower = notice else { return }
                    let isFirst = asked.withLock { count in
                        count += 1
                        return count == 1
                    }
                    if isFirst { board.powerOn() }
                })
            let error = await #expect(throws: FlashkeepError.self) { try await arrival.find(Console(channel)) }
            #expect(
                error?.next.contains(words) == true && error?.next.contains("--stop-key") == true,
                "\(error?.next ?? "")")
        }
    }

    @Test("A local echo is reported as one")
    func localEcho() async throws {
        var scenario = UBootScenario()
        scenario.hasLocalEcho = true
        let outcome = try await arrive(scenario)
        #expect(outcome.error?.code == .replyNotUnderstood)
        #expect(outcome.error?.next.contains("local echo") == true)
        #expect(outcome.board.commands.isEmpty)
    }
}
