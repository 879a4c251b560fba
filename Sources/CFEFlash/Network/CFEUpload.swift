import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// Makes CFE send mapped flash with `save` (`ui/ui_loadcmds.c`, ui_cmd_save): memory, to a TFTP server.
final class CFEUpload: LoaderUploading {
    let name = "save"
    let size = 1 << 20

    private let session: LoaderSession
    private let base: UInt64
    private let network: CFENetwork
    private let commands = CFECommands()
    private var outcomes = UploadOutcomes()

    /// - Parameter base: the address of the chip.
    init(_ session: LoaderSession, base: UInt64, _ network: CFENetwork) {
        self.session = session
        self.base = base
        self.network = network
    }

    func bytes(of range: Range<Int>, isAgain: Bool) async throws -> TransferAttempt<[UInt8]?> {
        guard let address = base.plus(range.lowerBound) else { throw CFECommandFault.badRange }
        let addressing = try await network.addressing()
        let addresses = try await addressing.serve()
        let file = addressing.newFile()
        let (answer, bytes) = try await addressing.settings.server.receiving(
            file.text, count: range.count, from: addresses.board
        ) {
            // It asks several times, for seconds each (`net/net_tftp.c`, _tftp_open).
            try await session.say(
                try commands.save(from: address, count: range.count, to: file.text, at: addresses.host),
                silence: .seconds(40))
        }
        session.examples.note(
            try commands.save(from: address, count: range.count, to: CFECommands.example, at: addresses.host))
        if let bytes { return outcomes.succeeded(bytes) }
        return outcomes.failed(
            failure(
                of: "CFE", words: answer.reply.lines.map(\.trimmed).first { !$0.isEmpty }, to: "\(addresses.host)"))
    }
}
