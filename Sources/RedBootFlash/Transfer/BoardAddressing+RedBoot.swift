import FlashAccess
import FlashModel
import Transfers

extension BoardAddressing {
    /// The addresses of a board in RedBoot.
    ///
    /// nil if the board has no network. Without a network card, `load -m tftp` hangs, so a board that has no address of
    /// its own needs one from the user.
    convenience init?(_ session: RedBootSession, _ facts: RedBootFacts, _ settings: BoardNetworkSettings?) {
        guard let settings, let own = facts.addresses, own.board.value != 0 || settings.board != nil else {
            return nil
        }
        self.init(session, settings, ownBoard: own.board, ownServer: own.server) { addresses in
            // After a reset it has those of its configuration again.
            guard own.board != addresses.board || session.boot > 0 else { return }
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
    }
}
