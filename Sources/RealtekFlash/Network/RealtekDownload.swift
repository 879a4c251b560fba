import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// Fetches flash that FLR has copied to RAM from the loader's own TFTP server.
///
/// The server sends what is at the load address, as much as the last FLR has copied, whatever file is asked for
/// (`boot/tftpd.c`, setTFTP_RRQ, tftpd_send_data; `boot/monitor.c`, CmdFlr). That FLR has copied is proven as for the
/// console; and the first and the last line of what arrives must be what the console shows at that address. The second
/// reading uses other RAM, as on the console.
///
/// From a request on, the server takes no other until the last block is acknowledged (`tftpd.c`, kick_tftpd, prepareDATA;
/// an error, errorTFTP, does not end it). So a transfer that does not come to its end is the last one.
final class RealtekDownload: LoaderUploading {
    let name = "FLR, TFTP"
    let size: Int

    private let session: LoaderSession
    private let copy: RealtekCopyPrinter
    private let dump: RealtekMemoryDump
    private let network: RealtekNetwork
    private let client: any BoardFileClient
    private var outcomes = UploadOutcomes()

    /// What a failure without an end adds.
    private static let staysBusy = "Such a transfer keeps its TFTP server busy until the board is restarted."

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

    var againObstacle: String? {
        network.hasLoadAddress ? nil : "Without LOADADDR, its TFTP server has the same RAM for both readings."
    }

    func bytes(of range: Range<Int>, isAgain: Bool) async throws -> TransferAttempt<[UInt8]?> {
        // FLR copies whole lines.
        let line = DumpedLines.lineSize
        guard range.lowerBound >= 0, !range.isEmpty, let lineEnd = range.upperBound.roundedUp(to: line) else {
            return .done(nil)
        }
        let outer = range.lowerBound / line * line..<lineEnd
        let addresses = try await network.prepare(at: try copy.address(isAgain: isAgain))
        guard case .at(let address) = try await copy.locate(outer, isAgain: isAgain) else { return .done(nil) }
        guard let end = address.plus(outer.count - line) else { throw RealtekCommandFault.badRange }
        let lines = [try await dump.line(at: address), try await dump.line(at: end)]
        let result = try await client.fetch(
            try network.addressing().newName(), limit: outer.count, from: addresses.board, at: addresses.host)
        // The server prints while it sends, and the prompt again; and it complains of the second of the two last ACKs.
        try await session.hearOut()
        switch result {
        case .bytes(let bytes) where bytes.count == outer.count:
            guard Array(bytes.prefix(line)) == lines[0], Array(bytes.suffix(line)) == lines[1] else {
                return .hopeless(failure("The board's TFTP server sends other memory than FLR copies to."))
            }
            return outcomes.succeeded(Array(bytes[range.shifted(by: -outer.lowerBound)]))
        case .bytes(let bytes):
            return outcomes.failed(failure("\(bytes.count) bytes arrived instead of \(outer.count)."))
        case .tooLong:
            return .hopeless(
                failure("More than the \(outer.count) bytes arrived that FLR copied. \(Self.staysBusy)"))
        case .refused(let error):
            return .hopeless(
                failure("It ended with: \(PrintableText.escaped(error.message, limit: 100)). \(Self.staysBusy)"))
        case .silent:
            return .hopeless(
                failure("Its TFTP server at \(addresses.board) does not answer, or no longer. \(Self.staysBusy)"))
        case .slow:
            return .hopeless(failure("Its TFTP server at \(addresses.board) is too slow. \(Self.staysBusy)"))
        }
    }
}
