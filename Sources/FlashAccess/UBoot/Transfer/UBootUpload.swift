import FlashModel

/// Has a board send its memory to the TFTP server of this computer.
///
/// What came is what the server has: the board's own words on it cross a line that may damage them.
final class UBootUpload {
    let command: any UBootUploadCommand
    private let session: UBootSession
    private let network: UBootNetwork
    private let lines: UBootCommands
    /// How many uploads came, ever.
    private(set) var arrivals = 0
    /// How many were asked for again.
    private(set) var repeats = 0
    private var failures = 0
    private var number = 0
    private let word: String

    /// How often in a row one may fail, once one came: cables are loose at times.
    private static let patience = 3
    /// The longest silence. The first answer may take a link that comes up, and a second question for our address
    /// (`net/arp.c`, ARP_TIMEOUT: 5 s).
    private static let silence = Duration.seconds(12)
    /// Timeouts in a row (`T ` each), after which nobody answers: 6 s, or 30 s where the board knows no other timeout.
    private static let timeouts = Array("T T T T T T ".utf8)

    init(_ command: any UBootUploadCommand, _ session: UBootSession, _ network: UBootNetwork, lines: UBootCommands) {
        self.command = command
        self.session = session
        self.network = network
        self.lines = lines
        word = String(network.settings.nonce().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
    }

    /// Sees that the board and this computer are ready.
    ///
    /// - Throws: ``UBootWayFailure`` where they cannot be.
    func prepare(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        do {
            let plan = try await network.prepare(variables)
            try await network.host.receiveUploads(at: plan.host)
            return plan
        } catch let error as FlashkeepError
            where [.hostUnreachable, .addressNotUnderstood, .portUnavailable].contains(error.code)
        {
            throw UBootWayFailure(way: command.way, error: error)
        }
    }

    /// The bytes of a range of memory, as one upload brings them: not yet compared with anything.
    ///
    /// - Throws: ``UBootWayFailure`` where none comes; ``UBootSession/Interruption``.
    func bytes(at address: UInt64, count: Int, _ plan: UBootNetworkPlan) async throws -> [UInt8] {
        while true {
            let outcome: UBootTransferResult.Outcome
            switch try await once(address, count, plan) {
            case .success(let bytes):
                arrivals += 1
                failures = 0
                return bytes
            case .failure(let failed): outcome = failed.outcome
            }
            failures += 1
            repeats += 1
            // What never worked is not waited for again: it costs as much each time.
            let isWorthMore =
                switch outcome {
                case .noEthernet, .notSet, .reservedMemory: false
                case .noHost, .noAnswer, .refused: arrivals > 0
                case .done, .unclear, .interrupted: true
                }
            guard isWorthMore, failures < Self.patience else { throw failure(outcome, plan) }
        }
    }

    private struct Failed: Error {
        var outcome: UBootTransferResult.Outcome
    }

    private func once(
        _ address: UInt64, _ count: Int, _ plan: UBootNetworkPlan
    ) async throws -> Result<[UInt8], Failed> {
        number += 1
        let name = "fk\(word)n\(number)"
        let line = try command.line(lines, from: address, count: UInt64(count), file: name)
        network.host.expect(name, count: count, from: plan.board)
        do {
            let answer = try await session.say(
                line, silence: Self.silence, pause: Self.silence,
                isHopeless: { $0.output.suffix(Self.timeouts.count).elementsEqual(Self.timeouts) },
                accepts: { if case .done = UBootTransferResult($0).outcome { true } else { false } })
            if let bytes = network.host.collect(name), bytes.count == count { return .success(bytes) }
            let outcome = UBootTransferResult(answer.reply).outcome
            let isSilent = !answer.isWhole && outcome == .unclear
            return .failure(Failed(outcome: isSilent ? .noAnswer : outcome))
        } catch {
            // All of it may have come before the board was reset; but what RAM held then, nobody knows now.
            _ = network.host.collect(name)
            throw error
        }
    }

    private func failure(_ outcome: UBootTransferResult.Outcome, _ plan: UBootNetworkPlan) -> UBootWayFailure {
        let check = "see with: sudo tcpdump -n host \(plan.board)"
        let (why, next): (String, String) =
            switch outcome {
            case .noHost:
                (
                    "Nobody answered the board's question for \(plan.host) (ARP).",
                    "Check the cable, that it is in the board's LAN port, and that \(plan.host) is on that port; \(check)"
                )
            case .noAnswer:
                (
                    "The board got no answer from \(plan.host), UDP port 69.",
                    "Let UDP port 69 in through this computer's firewall, and check the cable; \(check)"
                )
            case .noEthernet: ("This U-Boot has no network.", "Leave --via out: the serial line needs none.")
            case .notSet(let name):
                (
                    "Its variable \(PrintableText.escaped(name, limit: 40)) is not set.",
                    "Please report this, with --transcript FILE."
                )
            case .refused(let reason, _):
                (
                    "The server said: \(PrintableText.escaped(reason, limit: 100))",
                    "Is another TFTP server running at \(plan.host)? Stop it, or look what it says."
                )
            case .reservedMemory, .interrupted, .unclear, .done:
                ("The transfers broke off.", "Check the cable; --transcript FILE keeps what the board says.")
            }
        return UBootWayFailure(
            way: command.way,
            error: FlashkeepError(
                .commandFailed, what: "The board could not send its flash over TFTP (\(command.way.rawValue)).",
                why: why, next: next))
    }
}
