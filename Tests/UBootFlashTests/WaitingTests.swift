import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import Synchronization
import TestBoards
import Testing

@testable import LinuxFlash
@testable import UBootFlash

/// Every wait ends, even if the other side prints endlessly, at any rate and with any content.
@Suite("Waiting for a console that never falls silent", .timeLimit(.minutes(5)))
struct WaitingTests {
    // MARK: Output

    /// Slow output, with the program's own limits.
    static let slow: [Talk] = [
        Talk("a", every: .seconds(1)),
        Talk("Hit any key to stop autoboot: 3 \u{8}\u{8} ", bytes: 1, every: .milliseconds(500)),
        Talk("usb 1-1: device not accepting address 2\r\n", every: .seconds(1)),
        Talk("[   12.345678] ath10k_pci 0000:00:00.0: firmware warning\r\n", every: .milliseconds(56)),
        Talk("ath10k_pci 0000:00:00.0: firmware warning\r\n", every: .milliseconds(56)),
        Talk("=> ", every: .milliseconds(300)), Talk("\r\n=> ", every: .milliseconds(700)),
        Talk("OpenWrt login: ", bytes: 1, every: .milliseconds(200)),
        Talk("\r\nU-Boot 2018.03\r\n\r\nDRAM:  64 MiB\r\n", every: .milliseconds(350)),
        Talk([0xF8, 0x00, 0xF0, 0x80, 0xFE, 0x78, 0x06, 0xE0], bytes: 1, every: .milliseconds(40)),
    ]

    /// Output as fast as a line or a network, with shorter limits: time is simulated, but bytes are processed.
    static let fast: [Talk] = [
        Talk("[   12.345678] usb 1-1: reset\r\n", bytes: 115, every: .milliseconds(10)),
        Talk("Hit any key to stop autoboot: 3 \u{8}\u{8} ", bytes: 115, every: .milliseconds(10)),
        Talk([0xF8, 0x00, 0xF0, 0x80, 0xFE, 0x78, 0x06, 0xE0], bytes: 115, every: .milliseconds(10)),
        Talk("a", bytes: 1, every: .milliseconds(1)),
        Talk("x\r\n", bytes: 16_384, every: .milliseconds(100)),
        Talk("=> ", bytes: 16_384, every: .milliseconds(100)),
    ]

    static let short: WaitLimits = {
        var limits = WaitLimits()
        limits.login = .seconds(15)
        limits.reply = .seconds(4)
        limits.transfer = .seconds(5)
        limits.conversation = .seconds(5)
        limits.start = .seconds(6)
        limits.typing = .seconds(5)
        limits.power = .seconds(8)
        return limits
    }()

    private static let cases: [(Talk, WaitLimits)] = slow.map { ($0, WaitLimits()) } + fast.map { ($0, short) }

    /// The result of a wait.
    private struct Outcome {
        var error: (any Error)?
        var time: Duration
        var sent: String

        var code: FlashkeepError.Code? { (error as? FlashkeepError)?.code }
    }

    private func outcome(
        _ talk: Talk, over below: any ChannelOpening = SilentBoard(), hasRate: Bool = false,
        starts: @escaping @Sendable (String) -> Bool = { _ in true }, _ body: (any BoardChannel) async throws -> Void
    ) async -> Outcome {
        let opener = TalkingOpener(below, talk, hasRate: hasRate, starts: starts)
        do {
            try await opener.withChannel { try await body($0) }
            return Outcome(error: nil, time: opener.time, sent: opener.sent)
        } catch {
            return Outcome(error: error, time: opener.time, sent: opener.sent)
        }
    }

    private func uboot(_ limits: WaitLimits) -> ConsoleTiming {
        var timing = ConsoleTiming()
        timing.limits = limits
        timing.power = limits.power
        if limits.reply < WaitLimits().reply { timing.silence = .seconds(1) }
        return timing
    }

    private func arrival(_ limits: WaitLimits, wantsBootloader: Bool = false) -> ConsoleIdentifier {
        ConsoleIdentifier.ofAll(
            wanted: wantsBootloader ? ["U-Boot"] : [], nonce: { "abcdefgh12345678" }, timing: uboot(limits))
    }

    // MARK: Consoles

    @Test("Collecting and searching console output is bounded, in time and in bytes", arguments: cases)
    func console(_ talk: Talk, _: WaitLimits) async throws {
        let outcome = await outcome(talk) { channel in
            let console = Console(channel)
            for filters in [false, true] {
                if filters { console.beginFilteringKernel() }
                var start = console.time
                let collected = try await console.collect(quiet: .seconds(2), longest: .seconds(10))
                #expect(collected.count <= 65_536)
                #expect(console.time - start <= .seconds(12))
                start = console.time
                let found = try await console.bytes(
                    until: Array("no such word".utf8), silence: .seconds(2), longest: .seconds(10), limit: 100_000)
                #expect(found == nil)
                #expect(console.time - start <= .seconds(12))
                let rest = try await console.bytes(within: .zero)
                #expect(rest?.count ?? 0 <= 100_000 + 65_536)
                start = console.time
                await #expect(throws: FlashkeepError.self) {
                    try await console.within(.seconds(7), "the test") {
                        while true { _ = try await console.bytes(within: .seconds(2)) }
                    }
                }
                #expect(console.time - start <= .seconds(8))
            }
        }
        #expect(outcome.error == nil)
    }

    @Test("The search for the line's rate ends", arguments: cases)
    func rate(_ talk: Talk, _: WaitLimits) async throws {
        let outcome = await outcome(talk, hasRate: true) { channel in
            _ = try await LineRateSearch(quiet: .milliseconds(170)).run(Console(channel))
        }
        #expect(outcome.error == nil)
        #expect(outcome.time <= .seconds(30))
    }

    // MARK: Linux

    @Test("A login ends, and reports the received text", arguments: cases, ["serial", "telnet"])
    func login(_ pair: (Talk, WaitLimits), _ way: String) async throws {
        let (talk, limits) = pair
        var timing = ShellTiming()
        timing.limits = limits
        let outcome = await outcome(talk, over: SilentBoard(scheme: way)) { channel in
            try await ShellSession.withShell(
                over: channel, credentials: Credentials(password: { "secret" }), nonce: "0123456789abcdef",
                timing: timing
            ) { _ in }
        }
        let error = try #require(outcome.error as? FlashkeepError, "\(String(describing: outcome.error))")
        #expect(
            [.noReplyInTime, .boardSilent, .replyNotUnderstood, .authenticationFailed, .bootloaderAnswers]
                .contains(error.code), "\(error)")
        #expect(outcome.time <= limits.login + limits.farewell + .seconds(10), "\(error)")
        #expect(!error.description.contains("secret"))
    }

    @Test("An endless countdown at a telnet port is not reported as silence")
    func telnetCountdown() async throws {
        let outcome = await outcome(
            Talk("Autobooting in 5 seconds, press any key\r\n", bytes: 1, every: .milliseconds(500)),
            over: SilentBoard(scheme: "telnet", isSlow: false)
        ) { channel in
            try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: "0123456789abcdef") {
                _ in
            }
        }
        let error = try #require(outcome.error as? FlashkeepError)
        #expect(error.code == .noReplyInTime)
        #expect(error.why.contains("Autobooting in 5 seconds"), "\(error)")
        #expect(outcome.time <= .seconds(60))
    }

    @Test("Garbled output without pauses is reported as such")
    func garbledLogin() async throws {
        let outcome = await outcome(Self.fast[2]) { channel in
            try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: "0123456789abcdef") {
                _ in
            }
        }
        let error = try #require(outcome.error as? FlashkeepError)
        #expect(error.code == .replyNotUnderstood && error.what.contains("garbage"), "\(error)")
    }

    // MARK: U-Boot

    @Test("Identifying a serial console ends", arguments: cases, [false, true])
    func arriving(_ pair: (Talk, WaitLimits), _ wantsBootloader: Bool) async throws {
        let (talk, limits) = pair
        let outcome = await outcome(talk) { channel in
            let found = try await arrival(limits, wantsBootloader: wantsBootloader).find(Console(channel))
            #expect(found == .linux && !wantsBootloader, "\(found)")
        }
        if let error = outcome.error {
            let code = try #require((error as? FlashkeepError)?.code)
            #expect([.noReplyInTime, .boardSilent, .replyNotUnderstood].contains(code), "\(error)")
        }
        #expect(outcome.time <= limits.start * 2 + limits.power + .seconds(60), "\(outcome)")
    }

    /// Runs the body with a session at the prompt of a simulated U-Boot, with endless output once a command is sent.
    private func session(
        _ talk: Talk, _ limits: WaitLimits, from command: String?, hasRate: Bool = false,
        _ body: (UBootSession) async throws -> Void
    ) async -> Outcome {
        let board = SimulatedSessions.nor(SimulatedSessions.bytes(0x8000))
        return await outcome(
            talk, over: board, hasRate: hasRate,
            starts: { sent in command.map { sent.contains("\($0) \r") } ?? true }
        ) { channel in
            try await body(UBootSession(Console(channel), prompt: Array("=> ".utf8), identifier: arrival(limits)))
        }
    }

    @Test("A reply of U-Boot ends, and so does the return to its prompt", arguments: cases)
    func reply(_ talk: Talk, _ limits: WaitLimits) async throws {
        for command in ["md.b bf000000 4000", nil] {
            let outcome = await session(talk, limits, from: command) { session in
                _ = try await session.ask("md.b bf000000 4000", accepts: { _ in false })
            }
            #expect(outcome.error is FlashkeepError || outcome.error is UBootSession.Interruption)
            let timing = uboot(limits)
            #expect(
                outcome.time <= limits.reply * 2 + timing.silence * timing.attempts + .seconds(20),
                "\(String(describing: outcome.error))")
        }
    }

    @Test("A transfer and a conversation end", arguments: cases)
    func transfer(_ talk: Talk, _ limits: WaitLimits) async throws {
        var outcome = await session(talk, limits, from: "tftpput 81000000 100 x") { session in
            _ = try await session.transfer("tftpput 81000000 100 x")
        }
        #expect(outcome.time <= limits.transfer + limits.typing + .seconds(20), "\(outcome)")
        outcome = await session(talk, limits, from: "version") { session in
            _ = try await session.converse("version") { console in
                while try await console.bytes(within: .seconds(20)) != nil {}
            }
        }
        #expect(outcome.time <= limits.conversation + limits.reply + limits.typing + .seconds(20), "\(outcome)")
    }

    @Test("A load over the line ends", arguments: cases)
    func load(_ talk: Talk, _ limits: WaitLimits) async throws {
        let outcome = await session(talk, limits, from: "loady 81000000") { session in
            let load = YMODEMLoad(session: session)
            _ = try await load.load([UInt8](repeating: 1, count: 4_096), to: 0x8100_0000)
        }
        #expect(outcome.time <= limits.conversation + limits.reply + limits.typing + .seconds(60), "\(outcome)")
    }

    @Test("A change of rate ends, and so does its restoration", arguments: cases)
    func changes(_ talk: Talk, _ limits: WaitLimits) async throws {
        var outcome = await session(talk, limits, from: "setenv baudrate 230400", hasRate: true) { session in
            _ = try await session.changeRate(to: 230_400)
        }
        #expect(outcome.time <= limits.typing + limits.prompt * 6, "\(outcome)")
        outcome = await session(talk, limits, from: nil, hasRate: true) { session in
            try await session.console.channel.setLineRate(230_400)
            await UBootLineRate(session, wish: .highest, notify: { _ in }).restore()
            try await session.sayUnheard("setenv stdout serial")
        }
        #expect(outcome.time <= .seconds(20), "\(outcome)")
    }

    @Test(
        "A U-Boot with occasional messages is usable",
        arguments: ["usb 1-1: device not accepting address 2\r\n", "eth0: link up\r\n", "\r\nwatchdog\r\n=> "],
        [1_000, 2_500])
    func lineNowAndThen(_ text: String, _ every: Int) async throws {
        for phase in 0..<5 {
            var scenario = UBootScenario()
            scenario.start = .prompt
            let board = SimulatedUBoot(scenario)
            let opener = TalkingOpener(board, Talk(text, every: .milliseconds(every + phase * 37)))
            try await opener.withChannel { channel in
                let console = Console(channel)
                let found = try await arrival(WaitLimits()).find(console)
                #expect(found == .uboot(prompt: Array("=> ".utf8)), "phase \(phase)")
                let session = UBootSession(console, prompt: Array("=> ".utf8), identifier: arrival(WaitLimits()))
                for _ in 0..<5 {
                    let reply = try await session.ask("version", namesItself: true)
                    #expect(reply.lines.contains { $0.string().contains("U-Boot") })
                }
            }
            #expect(opener.time <= .seconds(180), "phase \(phase): \(opener.time)")
            #expect(board.offences.isEmpty)
        }
    }

    @Test("The wait for a power cycle is bounded, whatever is printed meanwhile", arguments: slow)
    func power(_ talk: Talk) async throws {
        var limits = WaitLimits()
        limits.power = limits.unattendedPower
        let outcome = await outcome(talk) { channel in
            _ = try await arrival(limits, wantsBootloader: true).find(Console(channel))
        }
        #expect(outcome.code != nil)
        #expect(outcome.time <= limits.start * 2 + limits.power + .seconds(30))
    }

    // MARK: Ctrl-C

    @Test("Cancellation ends a wait at once", arguments: [true, false])
    func cancellation(_ isLinux: Bool) async throws {
        // In real time.
        let opener = TerminalOpener(
            command: ["sh", "-c", "trap '' INT;echo '# ';while :;do echo 'link up';sleep 0.05;done"])
        let timing = uboot(WaitLimits())
        let work = Task {
            try await opener.withChannel { channel in
                if isLinux {
                    try await ShellSession.withShell(
                        over: channel, credentials: Credentials(), nonce: "0123456789abcdef"
                    ) { _ in }
                } else {
                    let arrival = ConsoleIdentifier.ofAll(
                        wanted: ["U-Boot"], nonce: { "abcdefgh12345678" }, timing: timing)
                    _ = try await arrival.find(Console(channel))
                }
            }
        }
        try await Task.sleep(for: .seconds(2))
        let clock = ContinuousClock()
        var result: Result<Void, any Error>?
        let time = await clock.measure {
            work.cancel()
            result = await work.result
        }
        #expect(throws: CancellationError.self) { try result?.get() }
        // A busy machine needs time to end the processes.
        #expect(time < .seconds(8), "\(time)")
    }
}
