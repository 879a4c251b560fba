package import FlashAccess
import FlashModel
package import Transfers

/// This computer's side of TFTP with a board in RedBoot, and the user's settings for it.
package struct RedBootNetworkSettings: Sendable {
    /// Serves the files.
    package var server: any BoardFileServer
    /// The board's address; nil determines it.
    package var board: IPv4Address?
    /// The address of this computer that the board reaches; nil determines it.
    package var host: IPv4Address?
    /// Unpredictable letters and digits, at least 8.
    package var nonce: @Sendable () -> String

    package init(
        server: any BoardFileServer, board: IPv4Address? = nil, host: IPv4Address? = nil,
        nonce: @escaping @Sendable () -> String
    ) {
        self.server = server
        self.board = board
        self.host = host
        self.nonce = nonce
    }
}

/// A board's network configuration in RedBoot: in RAM only, and set again after a reset.
final class RedBootNetwork {
    let settings: RedBootNetworkSettings

    private let session: RedBootSession
    /// As the survey found them.
    private let own: RedBootNetworkAddresses
    private var addresses: BoardAddresses?
    /// Whether the board has its addresses.
    private var isSet = PerBoot<Bool>()
    /// The unpredictable part of file names.
    private let word: String
    private var names = 0

    /// nil if the board has no network. Without a network card, `load -m tftp` hangs, so a board that has no address of
    /// its own needs one from the user.
    init?(_ session: RedBootSession, _ facts: RedBootFacts, _ settings: RedBootNetworkSettings?) {
        guard let settings, let own = facts.addresses, own.board.value != 0 || settings.board != nil else {
            return nil
        }
        self.session = session
        self.settings = settings
        self.own = own
        word = String(settings.nonce().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
    }

    /// Makes sure that the board has its addresses, and that this computer serves TFTP at its own.
    ///
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`, `portUnavailable`; ``RedBootSession/Interruption``, and
    ///   errors of the line.
    func serve() async throws -> BoardAddresses {
        let addresses =
            try addresses
            ?? BoardAddresses(
                board: settings.board, host: settings.host, ownBoard: own.board, ownServer: own.server,
                interfaces: try settings.server.interfaces())
        self.addresses = addresses
        try await settings.server.serve(at: addresses.host)
        guard isSet[session] != true else { return addresses }
        // After a reset it has those of its configuration again.
        if own.board != addresses.board || session.boot > 0 {
            let command = try session.commands.setAddresses(
                board: addresses.board, bits: own.hasMask ? addresses.interface.prefixLength : nil,
                host: addresses.host)
            let reply = try await session.ask(
                command, silence: .seconds(20), pause: .seconds(5),
                accepts: { RedBootNetworkAddresses($0)?.board == addresses.board })
            guard RedBootNetworkAddresses(reply)?.board == addresses.board else {
                throw FlashkeepError(
                    .hostUnreachable, what: "The board did not take the address \(addresses.board).",
                    why: "It was set with ip_address.", next: "Give another one with --board-ip.")
            }
            session.examples.note(command)
        }
        isSet[session] = true
        return addresses
    }

    /// A file name that has not been used before.
    func newName() -> String {
        names += 1
        return "fk\(word)n\(names)"
    }

    /// Whether an error means that the network cannot currently be used.
    static func isUnusable(_ error: FlashkeepError) -> Bool {
        [.hostUnreachable, .addressNotUnderstood, .portUnavailable].contains(error.code)
    }
}
