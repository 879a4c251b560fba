import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// Makes barebox send a range of a flash device with `tftp -p`, from a file in its RAM.
///
/// `tftp` sends whole files only (`commands/tftp.c`, do_tftpb), so `memcpy` first copies the range to a file of its own in
/// the root folder, which is in RAM (`fs/fs.c`, mount_root), and which is removed afterwards.
final class BareboxUpload: LoaderUploading {
    let name = "tftp -p"
    /// The file and its copy in the network's packets need memory of barebox's own, which begins at 4 MiB.
    let size = 256 << 10

    private let session: LoaderSession
    private let device: BareboxDeviceName
    private let network: BareboxNetwork
    /// Tries a range before it is sent; nil for flash without ECC.
    private let checksum: BareboxDeviceChecksum?
    private let commands = BareboxCommands()
    /// Whether an upload has ever succeeded.
    private var hasWorked = false

    /// - Parameter checksum: tries a range of NAND, of which the ECC may not repair all.
    init(
        _ session: LoaderSession, _ device: BareboxDeviceName, _ network: BareboxNetwork,
        checksum: BareboxDeviceChecksum?
    ) {
        self.session = session
        self.device = device
        self.network = network
        self.checksum = checksum
    }

    func bytes(of range: Range<Int>) async throws -> TransferAttempt<[UInt8]?> {
        guard range.lowerBound >= 0 else { throw BareboxCommandFault.badRange }
        if let checksum, checksum.readable.map({ range.clamped(to: $0) == range }) != true,
            case .unreadable = try await checksum.answer(range)
        {
            return .done(nil)
        }
        let addressing = try await network.addressing()
        let addresses = try await addressing.serve()
        let file = addressing.newName()
        let copy = try commands.copy(device, at: UInt64(range.lowerBound), count: range.count, to: file)
        _ = try await session.say(copy, silence: .seconds(30))
        let (answer, bytes) = try await addressing.settings.server.receiving(
            file, count: range.count, from: addresses.board
        ) {
            // It waits 15 s for an answer (`fs/tftp.c`, TFTP_TIMEOUT), and longer for ARP.
            try await session.say(try commands.send(file), silence: .seconds(25))
        }
        _ = try await session.say(try commands.remove(file), silence: .seconds(5))
        session.examples.note(
            try commands.copy(device, at: UInt64(range.lowerBound), count: range.count, to: BareboxCommands.example))
        for command in [try commands.send(BareboxCommands.example), try commands.remove(BareboxCommands.example)] {
            session.examples.note(command)
        }
        if let bytes {
            hasWorked = true
            return .done(bytes)
        }
        let words = answer.reply.lines.map(\.trimmed).last { !$0.isEmpty && !$0.hasPrefix("[") }
        let error = failure(
            words.map { "barebox said: \(PrintableText.escaped($0.string(limit: 120)))" }
                ?? "barebox sent another number of bytes, or none, to \(addresses.host).")
        return hasWorked ? .failed(error) : .hopeless(error)
    }
}
