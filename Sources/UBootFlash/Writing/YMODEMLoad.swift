private import BoardChannels
private import BoardConsoles
internal import FlashAccess
internal import Transfers

/// `loady`: YMODEM over the serial line (`cmd/load.c`, since 2005).
struct YMODEMLoad: UBootLoad {
    let session: UBootSession
    let command = "loady"

    /// The longest pause of a board that receives a block; it repeats its request after a second or two.
    private static let silence = Duration.seconds(5)

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void> {
        var failure: String?
        let answer = try await session.converse(try session.commands.loadY(to: memory)) { console in
            // `## Ready for binary (ymodem) download to 0x81000000 at 115200 bps...` comes before the request for the
            // first block.
            guard try await console.bytes(until: Array("bps...".utf8), silence: Self.silence, limit: 4_096) != nil
            else {
                failure = "it did not begin"
                return
            }
            console.channel.markBulk(true)
            defer { console.channel.markBulk(false) }
            failure = try await YMODEMConversation.send(
                YMODEMSending(bytes, name: "flashkeep"), on: console, silence: Self.silence)
        }
        if let failure { return .failed(self.failure(failure)) }
        switch UBootSerialLoad(answer.reply) {
        case .done(bytes.count): return .done(())
        case .done(let count): return .failed(self.failure("\(count) bytes arrived instead of \(bytes.count)"))
        case .failed, nil: return .failed(self.failure("the board does not report that everything arrived"))
        }
    }
}
