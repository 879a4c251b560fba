import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// Fetches flash that FLR has copied to RAM from the loader's own TFTP server.
///
/// The server sends what is at the load address, as much as the last FLR has copied, whatever file is asked for
/// (`boot/tftpd.c`, setTFTP_RRQ, tftpd_send_data; `boot/monitor.c`, CmdFlr). That FLR has copied is proven as for the
/// console; and the first and the last line of what arrives must be what the console shows at that address.
final class RealtekDownload: LoaderUploading {
    let name = "FLR, TFTP"
    let size: Int

    private let session: LoaderSession
    private let copy: RealtekCopyPrinter
    private let dump: RealtekMemoryDump
    private let network: RealtekNetwork
    private let client: any BoardFileClient
    /// Whether a transfer has ever succeeded.
    private var hasWorked = false

    /// - Parameter copy: copies to where the server reads.
    init(
        _ session: LoaderSession, _ copy: RealtekCopyPrinter, _ dump: RealtekMemoryDump, _ network: RealtekNetwork,
        _ client: any BoardFileClient
    ) {
        self.session = session
        self.copy = copy
        self.dump = dump
        self.network = network
        self.client = client
        size = copy.chunkSize
    }

    func bytes(of range: Range<Int>) async throws -> TransferAttempt<[UInt8]?> {
        // FLR copies whole lines.
        guard range.lowerBound % 16 == 0, range.count % 16 == 0, !range.isEmpty else { return .done(nil) }
        let addressing = try network.addressing()
        let addresses = try await addressing.prepare()
        guard case .at(let address) = try await copy.locate(range, isAgain: false) else { return .done(nil) }
        guard let end = address.plus(range.count - 16) else { throw RealtekCommandFault.badRange }
        let lines = [try await dump.line(at: address), try await dump.line(at: end)]
        let result = try await client.fetch(
            addressing.newName(), limit: range.count, from: addresses.board, at: addresses.host)
        // The server prints while it sends, and the prompt again.
        try await session.hearOut()
        switch result {
        case .bytes(let bytes) where bytes.count == range.count:
            guard Array(bytes.prefix(16)) == lines[0], Array(bytes.suffix(16)) == lines[1] else {
                return .hopeless(failure("The board's TFTP server sends other memory than FLR copies to."))
            }
            hasWorked = true
            return .done(bytes)
        case .bytes(let bytes):
            return failed("\(bytes.count) bytes arrived instead of \(range.count).")
        case .tooLong: return failed("More than the \(range.count) bytes arrived that FLR copied.")
        case .refused(let error): return failed("Its server said: \(PrintableText.escaped(error.message, limit: 100))")
        case .silent: return failed("Its TFTP server at \(addresses.board) does not answer.")
        }
    }

    private func failed(_ why: String) -> TransferAttempt<[UInt8]?> {
        hasWorked ? .failed(failure(why)) : .hopeless(failure(why))
    }
}
