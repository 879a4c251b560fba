private import BoardConsoles
import FlashAccess
package import FlashModel

extension UBootSession {
    /// The longest silence. Before the first answer, the link may have to come up, and a second ARP request may be
    /// needed (`net/arp.c`, ARP_TIMEOUT: 5 s).
    private static var transferSilence: Duration { .seconds(12) }
    /// The timeouts in a row that mean that there is no answer: 6 s, or up to 30 s if the board cannot change its timeout.
    /// Each prints `T `, or `T` on HiSilicon's boards.
    private static var timeouts: [[UInt8]] { ["T T T T T T ", "TTTTTT"].map { Array($0.utf8) } }
    /// After an error of the server, some versions try again without end.
    private static var newStart: [UInt8] { Array("Starting again\n".utf8) }

    /// Runs a command that sends or fetches by TFTP, and abandons it if there is no answer.
    ///
    /// - Throws: ``Interruption``, and errors of the line.
    func transfer(_ line: String) async throws -> UBootTransferResult.Outcome {
        let timeouts = Self.timeouts
        let newStart = Self.newStart
        let answer = try await say(
            line, silence: Self.transferSilence, pause: Self.transferSilence, longest: timing.limits.transfer,
            isHopeless: { reply in
                let end = reply.output.suffix(64).filter { $0 != 0x0D }
                return timeouts.contains { end.suffix($0.count).elementsEqual($0) }
                    || ByteSearch.firstRange(of: newStart, in: end) != nil
            },
            accepts: { UBootTransferResult($0).outcome.isSuccess })
        let outcome = UBootTransferResult(answer.reply).outcome
        return !answer.isWhole && outcome == .unclear ? .noAnswer : outcome
    }
}

extension UBootSession {
    /// Prevents U-Boot from running what it has just loaded, such as a block that looks like a kernel or a script.
    ///
    /// - Parameter variables: U-Boot's.
    func disableAutostart(_ variables: [String: String]) async throws {
        for name in UBootEnvironment.loadStarters(in: variables) {
            _ = try await ask(try commands.setEnvironment(name, "no"))
        }
    }
}

extension UBootTransferResult.Outcome {
    /// Whether another attempt is worthwhile. A transfer that never worked is not repeated, because each attempt takes
    /// as long.
    func isWorthMore(hasWorked: Bool) -> Bool {
        switch self {
        case .noEthernet, .notSet, .reservedMemory: false
        case .noHost, .noAnswer, .refused: hasWorked
        case .done, .doneRounded, .unclear, .interrupted: true
        }
    }

    /// The cause of the failure, and what may help.
    ///
    /// - Parameters:
    ///   - port: of the server on this computer, UDP.
    ///   - hasAsked: whether a request of the board arrived here; nil if that is not known.
    ///   - otherwise: what to do if this U-Boot has no network. A sentence.
    package func words(
        _ plan: UBootNetworkPlan, port: Int = 69, hasAsked: Bool? = nil,
        otherwise: String = "Omit --via: the serial line needs no network."
    ) -> (code: FlashkeepError.Code, why: String, next: String) {
        let check = "observe it with: sudo tcpdump -n host \(plan.board)"
        let letIn = "Let UDP port \(port) in through this computer's firewall, and check the cable; \(check)"
        return switch self {
        case .noHost:
            (
                .hostUnreachable, "The board's ARP request for \(plan.host) was not answered.",
                "Check the cable, that it is in the board's LAN port, and that \(plan.host) is on that port; \(check)"
            )
        case .noAnswer:
            switch hasAsked {
            case true?:
                (
                    .hostUnreachable,
                    "Its requests arrived here, but our answers did not reach it, or stopped reaching it.",
                    "Let UDP out to \(plan.board) through this computer's firewall, and check the cable; \(check)"
                )
            case false?: (.hostUnreachable, "No request from the board reached \(plan.host), port \(port).", letIn)
            case nil: (.hostUnreachable, "The board got no answer from \(plan.host), UDP port \(port).", letIn)
            }
        case .noEthernet: (.toolMissing, "This U-Boot has no network.", otherwise)
        case .notSet(let name):
            (
                .commandFailed, "Its variable \(PrintableText.escaped(name, limit: 40)) is not set.",
                "Please report this, with --transcript FILE."
            )
        case .reservedMemory:
            (.imageUnsuitable, "It would have overwritten U-Boot itself.", "Use a smaller image.")
        case .refused(let reason, _):
            (
                .commandFailed, "The server said: \(PrintableText.escaped(reason, limit: 100))",
                "Is another TFTP server running at \(plan.host)? Stop it, or check its log."
            )
        case .interrupted, .unclear, .done, .doneRounded:
            (
                .commandFailed, "The transfer was aborted.",
                "Check the cable, and run it again; --transcript FILE records the board's output."
            )
        }
    }
}
