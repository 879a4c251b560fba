package import BoardChannels
package import BoardConsoles
import FlashAccess
import FlashModel
package import LoaderConsoles
import Synchronization
import TestSupport

/// Sessions with a simulated bootloader.
package enum LoaderSessions {
    /// An identifier that switches the board on when that is requested.
    package static func identifier(_ board: SimulatedLoader) -> ConsoleIdentifier {
        let random = Mutex(SplitMix64(state: 5))
        return ConsoleIdentifier.ofAll(
            nonce: {
                random.withLock { random in
                    String(
                        (0..<16).map { _ in "abcdefghijkmnpqrstuvwxyz23456789".randomElement(using: &random) ?? "x" })
                }
            }, timing: .simulated,
            notify: { if case .needsPower = $0 { board.powerOn() } })
    }

    /// Finds out who answers.
    package static func find(
        _ board: SimulatedLoader, over opener: (any ChannelOpening)? = nil
    ) async throws -> Responder {
        let identifier = identifier(board)
        return try await (opener ?? board).withChannel { try await identifier.find(Console($0)) }
    }

    /// Runs the body with a session at the prompt.
    package static func with<Result: Sendable>(
        _ board: SimulatedLoader, _ dialect: any LoaderDialect, prompt: String,
        over opener: (any ChannelOpening)? = nil,
        startLog: String = "", _ body: (LoaderSession) async throws -> Result
    ) async throws -> Result {
        let identifier = identifier(board)
        return try await (opener ?? board).withChannel { channel in
            try await body(
                LoaderSession(
                    Console(channel), dialect, prompt: Array(prompt.utf8), identifier: identifier,
                    startLog: Array(startLog.utf8)))
        }
    }
}
