import BoardChannels
import FlashAccess
import FlashModel
package import Transfers

/// This computer's TFTP client.
package struct LocalFileClient: BoardFileClient {
    package init() {}

    package func fetch(
        _ name: String, limit: Int, from board: IPv4Address, at host: IPv4Address
    ) async throws -> TFTPFetch.Result {
        do {
            return try await TFTPFetch.file(name, from: board, at: host, limit: limit)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw FlashkeepError(
                .portUnavailable, what: "This computer cannot fetch files over the network.",
                why: SystemErrorText.words(for: error), next: "Check that it still has the address \(host).")
        }
    }
}
