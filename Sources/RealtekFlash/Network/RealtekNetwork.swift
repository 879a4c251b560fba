import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// The network of a board in Realtek's loader, whose TFTP server runs while the prompt is there.
///
/// A file that anybody sends to that server, and that looks like one of the vendor's, is written to flash, unless AUTOBURN
/// is 0 (`boot/tftpd.c`, prepareACK, checkAutoFlashing). So AUTOBURN 0 comes first, and its reply must confirm it; until
/// then the board is as exposed as after any start, at its usual address. Flashkeep itself sends no file: its TFTP client
/// can only read.
final class RealtekNetwork {
    private let session: LoaderSession
    private let settings: BoardNetworkSettings
    private let transfers: LoaderTransfers
    /// Whether the board has LOADADDR. Otherwise the server reads where systems are loaded.
    let hasLoadAddress: Bool
    private let commands = RealtekCommands()
    private var found: BoardAddressing?
    /// Where the server is to read from, and where it does since the last start.
    private var wanted: UInt64
    private var loadAddress: UInt64?

    /// How often a setting is said until its reply confirms it.
    private static let attempts = 3

    /// The address of all boards unless it was changed (`boot/tftpd.c`, tftpd_entry).
    static let usualAddress = IPv4Address(value: 0xC0A8_0106)

    /// - Parameters:
    ///   - memory: where the server reads from at first.
    ///   - hasLoadAddress: whether the board has LOADADDR.
    init(
        _ session: LoaderSession, _ settings: BoardNetworkSettings, _ transfers: LoaderTransfers, memory: UInt64,
        hasLoadAddress: Bool
    ) {
        self.session = session
        self.settings = settings
        self.transfers = transfers
        wanted = memory
        self.hasLoadAddress = hasLoadAddress
    }

    /// Makes sure that the board has its addresses, and that its server reads from some memory.
    ///
    /// - Throws: as ``addressing()``.
    func prepare(at memory: UInt64) async throws -> BoardAddresses {
        wanted = memory
        let addresses = try await addressing().prepare()
        if hasLoadAddress, loadAddress != memory { try await setLoadAddress() }
        return addresses
    }

    /// - Throws: `hostUnreachable`, `addressNotUnderstood`; ``FlashAccess/BoardInterruption``, and errors of the line.
    func addressing() throws -> BoardAddressing {
        if let found { return found }
        // It takes any address, so its own is only the first choice.
        let isReached = try settings.server.interfaces().contains { !$0.isLoopback && $0.reaches(Self.usualAddress) }
        let addressing = BoardAddressing(
            session, settings, ownBoard: isReached ? Self.usualAddress : nil, notify: transfers.note
        ) { [self] addresses in
            try await give(addresses)
        }
        found = addressing
        return addressing
    }

    private func give(_ addresses: BoardAddresses) async throws {
        try await confirm(commands.noAutomaticWriting(), "AutoBurning=0", "It did not confirm AUTOBURN 0.")
        if hasLoadAddress { try await setLoadAddress() }
        try await confirm(
            commands.setAddress(addresses.board), "Now your Target IP is \(addresses.board)",
            "It did not take the address \(addresses.board) with IPCONFIG.")
    }

    private func setLoadAddress() async throws {
        let (command, reply) = try commands.setLoadAddress(wanted)
        loadAddress = nil
        try await confirm(command, reply, "It did not take the address with LOADADDR.")
        loadAddress = wanted
    }

    private func confirm(_ command: String, _ words: String, _ why: String) async throws {
        session.examples.note(command)
        let lines = { (reply: ConsoleReply) in reply.lines.map(\.trimmed).filter { !$0.isEmpty } }
        // The line may have damaged the reply; to say it again does no harm.
        for _ in 0..<Self.attempts {
            let answer = try await session.say(command, silence: .seconds(5)) { lines($0).contains(ByteText(words)) }
            if answer.isWhole, lines(answer.reply) == [ByteText(words)] { return }
        }
        throw FlashkeepError(
            .hostUnreachable, what: "The network of Realtek's loader is not used.", why: why,
            next: "Omit --via, so that flash is read over the console.")
    }
}
