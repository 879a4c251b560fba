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
    let smallest: Int
    /// `md` of such a page prints nothing, and only `crc32` would say why.
    var readsAll: Bool { isNAND && checksum == nil }

    private let session: LoaderSession
    private let device: BareboxDeviceName
    private let network: BareboxNetwork
    /// Whether the ECC may not repair all of a range.
    private let isNAND: Bool
    /// Tries a range before it is sent; nil for flash without ECC, and without `crc32`.
    private let checksum: BareboxDeviceChecksum?
    private let commands = BareboxCommands()
    private var outcomes = UploadOutcomes()

    /// - Parameters:
    ///   - page: of NAND, in bytes; nil for flash without ECC.
    ///   - checksum: nil without `crc32`.
    init(
        _ session: LoaderSession, _ device: BareboxDeviceName, _ network: BareboxNetwork, page: Int?,
        checksum: BareboxDeviceChecksum?
    ) {
        self.session = session
        self.device = device
        self.network = network
        isNAND = page != nil
        self.checksum = page == nil ? nil : checksum
        smallest = page.map { max(16, $0) } ?? size
    }

    func bytes(of range: Range<Int>, isAgain: Bool) async throws -> TransferAttempt<[UInt8]?> {
        guard range.lowerBound >= 0 else { throw BareboxCommandFault.badRange }
        if let checksum, checksum.readable.map({ range.clamped(to: $0) == range }) != true,
            case .unreadable = try await checksum.answer(range)
        {
            return .done(nil)
        }
        let addressing = try await network.addressing()
        let addresses = try await addressing.serve()
        let file = addressing.newFile()
        guard try await copy(range, to: file) else {
            try await remove(file)
            return .done(nil)
        }
        let (answer, bytes) = try await addressing.settings.server.receiving(
            file.text, count: range.count, from: addresses.board
        ) {
            // It waits 15 s for an answer (`fs/tftp.c`, TFTP_TIMEOUT), and longer for ARP.
            try await session.say(commands.send(file), silence: .seconds(25))
        }
        try await remove(file)
        let examples = try commands.transferExamples(device, at: UInt64(range.lowerBound), count: range.count)
        for command in examples { session.examples.note(command) }
        if let bytes { return outcomes.succeeded(bytes) }
        return outcomes.failed(
            failure(
                of: "barebox", words: answer.reply.lines.map(\.trimmed).last { !$0.isEmpty && !$0.hasPrefix("[") },
                to: "\(addresses.host)"))
    }

    /// Copies a range to a file.
    ///
    /// An error of reading is all that `memcpy` ever says, and leaves the file with what came before it
    /// (`commands/memcpy.c`, do_memcpy). That is asked of NAND alone: other flash has no ECC, and a file that is too short
    /// is noticed.
    ///
    /// - Returns: whether it was copied, as far as is known.
    private func copy(_ range: Range<Int>, to file: TransferName) async throws -> Bool {
        let command = try commands.copy(device, at: UInt64(range.lowerBound), count: range.count, to: file)
        // The line may have damaged the silence; to copy again does no harm.
        for _ in 0..<2 {
            let answer = try await session.say(command, silence: .seconds(30))
            guard isNAND else { return true }
            if answer.isWhole, answer.reply.lines.allSatisfy(\.trimmed.isEmpty) { return true }
        }
        return false
    }

    private func remove(_ file: TransferName) async throws {
        _ = try await session.say(commands.remove(file), silence: .seconds(5))
    }
}
