import FlashAccess
import FlashModel

/// Makes a board send its memory to the TFTP server on this computer.
///
/// Only what the server received counts, because the board's own report crosses a line that may damage it.
final class UBootUpload {
    typealias Failure = MethodChain<UBootReadMethod>.Failure

    let command: any UBootUploadCommand
    private let session: UBootSession
    private let network: UBootNetwork
    /// U-Boot's variables, from when it started.
    private let variables: [String: String]
    /// Whether an upload has ever succeeded.
    private var hasWorked = false

    init(
        _ command: any UBootUploadCommand, _ session: UBootSession, _ facts: UBootFacts, _ network: UBootNetwork
    ) {
        self.command = command
        self.session = session
        self.network = network
        variables = facts.environment?.variables ?? [:]
    }

    /// Makes sure that the board and this computer are ready.
    ///
    /// - Throws: ``Failure`` if they cannot be.
    func prepare() async throws {
        do {
            _ = try await network.serve(variables)
        } catch let error as FlashkeepError where error.isUnusableNetwork {
            throw Failure(method: command.method, error: error)
        }
    }

    /// Reads a range of memory with one upload, which is not yet verified.
    ///
    /// - Throws: ``Failure`` if none succeeds; ``UBootSession/Interruption``.
    func bytes(at address: UInt64, count: Int) async throws -> [UInt8] {
        let result = try await TransferAttempt.repeated(countRetry: { session.countRetries(1) }) {
            try await attempt(address, count)
        }
        switch result {
        case .success(let bytes): return bytes
        case .failure(let error): throw Failure(method: command.method, error: error)
        }
    }

    private func attempt(_ address: UInt64, _ count: Int) async throws -> TransferAttempt<[UInt8]> {
        let plan = try await network.serve(variables)
        let name = network.newName()
        let line = try command.line(session.commands, from: address, count: UInt64(count), file: name)
        let (outcome, bytes) = try await network.host.receiving(name, count: count, from: plan.board) {
            try await session.transfer(line)
        }
        if let bytes {
            hasWorked = true
            return .done(bytes)
        }
        let words = outcome.words(plan)
        let error = FlashkeepError(
            .commandFailed, what: "The board could not send its flash over TFTP (\(command.method.rawValue)).",
            why: words.why, next: words.next)
        return outcome.isWorthMore(hasWorked: hasWorked) ? .failed(error) : .hopeless(error)
    }
}
