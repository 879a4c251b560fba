import BoardConsoles
import FlashAccess
import FlashModel
import Transfers

/// `load -r -b ADDRESS -m tftp -h HOST FILE` (`redboot/current/src/net/tftp_client.c`): from a TFTP server on this
/// computer, which has the bytes in memory under a unique name, for this board only.
final class RedBootTFTPLoad: RedBootLoad {
    let mode = "tftp"

    private let session: RedBootSession
    private let facts: RedBootFacts
    private let network: BoardAddressing
    /// Whether a load has ever succeeded.
    private var hasWorked = false

    init(_ session: RedBootSession, _ facts: RedBootFacts, _ network: BoardAddressing) {
        self.session = session
        self.facts = facts
        self.network = network
    }

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void> {
        let addresses: BoardAddresses
        do {
            addresses = try await network.serve()
        } catch let error as FlashkeepError where error.isUnusableNetwork {
            return .hopeless(failure("\(error.what) \(error.why)"))
        }
        let name = network.newName()
        let server = network.settings.server
        func line(_ file: String) throws -> String {
            try session.commands.loadTFTP(
                to: memory, count: UInt64(bytes.count), file: file, host: addresses.host, flash: facts.mappedFlash)
        }
        server.offer(name, bytes, to: addresses.board)
        defer { server.withdraw(name) }
        // The first answer is awaited ten times for 5 s (`tftp_client.c`, tftp_stream_open).
        let answer = try await session.say(
            try line(name), silence: .seconds(60), pause: .seconds(12), longest: session.timing.limits.transfer,
            accepts: { RedBootLoadResult($0) != .unclear })
        session.examples.note(try line("FILE"))
        // The board's own report crosses a line that may damage it; this computer knows what was fetched.
        if server.withdraw(name) {
            hasWorked = true
            return .done(())
        }
        switch RedBootLoadResult(answer.reply) {
        case .failed(let text):
            let error = failure("it printed \"\(PrintableText.escaped(text, limit: 120))\"")
            return hasWorked && !RedBootLoadResult.isHopeless(text) ? .failed(error) : .hopeless(error)
        case .loaded(_, let count): return .failed(failure("\(count) bytes arrived instead of \(bytes.count)"))
        case .unclear:
            let error = failure("the board got no answer from \(addresses.host)")
            return hasWorked ? .failed(error) : .hopeless(error)
        }
    }
}
