import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// The network of a board in Realtek's loader, whose TFTP server runs while the prompt is there.
///
/// Whoever sends that server a file has it written to flash, unless AUTOBURN is 0 (`boot/tftpd.c`, checkAutoFlashing). So
/// that comes first, before the board gets an address that anybody may know, and its reply must confirm it. Flashkeep
/// itself sends no file: its TFTP client can only read.
final class RealtekNetwork {
    private let session: LoaderSession
    private let settings: BoardNetworkSettings
    private let hasLoadAddress: Bool
    private let memory: UInt64
    private let commands = RealtekCommands()
    private var found: BoardAddressing?

    /// How often a setting is said until its reply confirms it.
    private static let attempts = 3

    /// The address of all boards unless it was changed (`boot/tftpd.c`, tftpd_entry).
    static let usualAddress = IPv4Address(value: 0xC0A8_0106)

    /// - Parameters:
    ///   - memory: where the server reads from.
    ///   - hasLoadAddress: whether the board has LOADADDR. Otherwise it is where systems are loaded.
    init(_ session: LoaderSession, _ settings: BoardNetworkSettings, memory: UInt64, hasLoadAddress: Bool) {
        self.session = session
        self.settings = settings
        self.memory = memory
        self.hasLoadAddress = hasLoadAddress
    }

    /// - Throws: `hostUnreachable`, `addressNotUnderstood`; ``FlashAccess/BoardInterruption``, and errors of the line.
    func addressing() throws -> BoardAddressing {
        if let found { return found }
        // It takes any address, so its own is only the first choice.
        let isReached = try settings.server.interfaces().contains { !$0.isLoopback && $0.reaches(Self.usualAddress) }
        let addressing = BoardAddressing(
            session, settings, ownBoard: isReached ? Self.usualAddress : nil
        ) { [self] addresses in
            try await give(addresses)
        }
        found = addressing
        return addressing
    }

    private func give(_ addresses: BoardAddresses) async throws {
        try await confirm(commands.noAutomaticWriting(), "AutoBurning=0", "It did not confirm AUTOBURN 0.")
        if hasLoadAddress {
            let (command, reply) = try commands.setLoadAddress(memory)
            try await confirm(command, reply, "It did not take the address with LOADADDR.")
        }
        try await confirm(
            commands.setAddress(addresses.board), "Now your Target IP is \(addresses.board)",
            "It did not take the address \(addresses.board) with IPCONFIG.")
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
