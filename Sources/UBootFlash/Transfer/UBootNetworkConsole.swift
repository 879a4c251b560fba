private import BoardConsoles
import FlashAccess
private import FlashModel

/// U-Boot's output over the network, with input over the serial line (`drivers/net/netconsole.c`): `md` then prints at
/// the speed of the network.
///
/// Only `stdout` is changed, in RAM only: after a reset, and at the end, the console is on the line again.
final class UBootNetworkConsole {
    private let session: UBootSession
    private let network: UBootNetwork
    private let facts: UBootFacts
    /// Whether the output goes to the network.
    private var isSent = PerBoot<Bool>()
    /// The previous value of `stdout`.
    private var output = "serial"

    /// The UDP port that U-Boot sends to if `ncip` has none.
    static let usualPort = 6666

    init(_ session: UBootSession, _ facts: UBootFacts, _ network: UBootNetwork) {
        self.session = session
        self.facts = facts
        self.network = network
    }

    /// Whether `coninfo` lists it: `nc       00000003 IO`, or `|-- nc (IO)` since 2016 (`cmd/console.c`).
    static func isListed(_ reply: UBootReply) -> Bool {
        reply.lines.prefix(200).contains { line in
            let words = line.words
            return words.first == ByteText("nc")
                || (words.first == ByteText("|--") && words.dropFirst().first == ByteText("nc"))
        }
    }

    /// Whether the output currently goes to the network.
    var isOpen: Bool { isSent[session] ?? false }

    /// Redirects the output to the network, if it is not there already.
    ///
    /// The network is first tested with `ping`: if its first packet got no answer, U-Boot would wait at each character
    /// that it prints, and could not be stopped.
    ///
    /// - Throws: ``MethodChain/Failure``, ``UBootSession/Interruption``.
    func open() async throws {
        guard !isOpen else { return }
        let variables = facts.environment?.variables ?? [:]
        do {
            let plan = try await network.prepare(variables)
            try await check(plan)
            let port = try await network.host.listen(at: plan.host, to: plan.board)
            let own = variables["stdout"] ?? "serial"
            output = own.split(separator: ",").contains("nc") || !UBootCommands.isSafe(own) ? "serial" : own
            for name in ["ncoutport", "ncinport"] where variables[name] != nil {
                try await network.say(try session.commands.setEnvironment(name, ""))
            }
            let place = port == Self.usualPort ? "\(plan.host)" : "\(plan.host):\(port)"
            try await network.say(try session.commands.setEnvironment("ncip", place))
            isSent[session] = true
            let line = try session.commands.standardOutput("nc")
            // The end of this line arrives over the line, and the prompt over the network, so do not wait for both.
            _ = try await session.say(line, silence: session.timing.settled, pause: session.timing.settled)
            network.note(line)
            let reply = try await session.ask(
                try session.commands.printEnvironment(["stdout"]), accepts: { Self.output(in: $0) != nil })
            guard Self.output(in: reply) == "nc" else { throw failure("U-Boot did not accept nc for its stdout.") }
        } catch let error as FlashkeepError where error.code != .boardLost {
            await close()
            throw MethodChain<UBootReadMethod>.Failure(method: .netconsole, error: error)
        }
    }

    /// The value that `printenv stdout` prints.
    private static func output(in reply: UBootReply) -> String? {
        reply.lines.prefix(20).compactMap { $0.trimmed.dropping("stdout=")?.string(limit: 200) }.first
    }

    private func check(_ plan: UBootNetworkPlan) async throws {
        guard facts.help?.has("ping") ?? false else { throw failure("U-Boot has no ping to test the network with.") }
        let line = try session.commands.ping("\(plan.host)")
        // Repeat the test if the reply was damaged by the line; a clear reply is final.
        for _ in 0..<3 {
            let answer = try await session.say(line, silence: .seconds(30), pause: .seconds(30))
            network.note(line)
            let words = answer.reply.lines.map(\.trimmed)
            if words.contains(where: { $0.hasSuffix("\(plan.host) is alive") }) { return }
            if words.contains(where: { $0.hasSuffix("not alive") }) { break }
        }
        throw failure("\(plan.host) did not answer the board's ping.")
    }

    /// Updates the state after a reset of the board, which has put the output back on the line.
    func wasReset() async {
        isSent[session] = nil
        await network.host.stopListening()
    }

    /// Returns the output to the line.
    func leave() async throws {
        guard isOpen else { return }
        _ = try await session.ask(try session.commands.standardOutput(output))
        isSent[session] = nil
        await network.host.stopListening()
    }

    /// Returns the output to the line at the end. Never throws, because the board may be gone.
    func close() async {
        do {
            try await session.console.within(session.timing.limits.farewell, "the end") { try await leave() }
        } catch is UBootSession.Interruption {
            // The reset has already returned the output.
        } catch {
            // The echo no longer arrives, so type without it.
            if let line = try? session.commands.standardOutput(output) { try? await session.sayUnheard(line) }
        }
        isSent[session] = nil
        await network.host.stopListening()
    }

    private func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "The board's console could not be reached over the network (netconsole).", why: why,
            next: "Check the cable, and that this computer's firewall lets ping and UDP port \(Self.usualPort) in.")
    }
}
