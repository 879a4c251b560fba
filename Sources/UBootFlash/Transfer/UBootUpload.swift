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

    /// How often in a row one may fail, once one came: cables are loose at times.
    private static let patience = 3

    init(_ command: any UBootUploadCommand, _ session: UBootSession, _ network: UBootNetwork, lines: UBootCommands) {
        self.command = command
        self.session = session
        self.network = network
        self.lines = lines
    }

    /// Sees that the board and this computer are ready.
    ///
    /// - Throws: ``UBootWayFailure`` where they cannot be.
    func prepare(_ variables: [String: String]) async throws -> UBootNetworkPlan {
        do {
            return try await network.serve(variables)
        } catch let error as FlashkeepError where UBootNetwork.isUnusable(error) {
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
            guard outcome.isWorthMore(hasWorked: arrivals > 0), failures < Self.patience else {
                throw failure(outcome, plan)
            }
        }
    }

    private struct Failed: Error {
        var outcome: UBootTransferResult.Outcome
    }

    private func once(
        _ address: UInt64, _ count: Int, _ plan: UBootNetworkPlan
    ) async throws -> Result<[UInt8], Failed> {
        let name = network.newName()
        let line = try command.line(lines, from: address, count: UInt64(count), file: name)
        network.host.expect(name, count: count, from: plan.board)
        do {
            let outcome = try await session.transfer(line)
            if let bytes = network.host.collect(name), bytes.count == count { return .success(bytes) }
            return .failure(Failed(outcome: outcome))
        } catch {
            // All of it may have come before the board was reset; but what RAM held then, nobody knows now.
            _ = network.host.collect(name)
            throw error
        }
    }

    private func failure(_ outcome: UBootTransferResult.Outcome, _ plan: UBootNetworkPlan) -> UBootWayFailure {
        let words = outcome.words(plan)
        return UBootWayFailure(
            way: command.way,
            error: FlashkeepError(
                .commandFailed, what: "The board could not send its flash over TFTP (\(command.way.rawValue)).",
                why: words.why, next: words.next))
    }
}
