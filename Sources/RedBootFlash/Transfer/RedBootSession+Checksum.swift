import BoardConsoles
import FlashAccess
import FlashModel

extension RedBootSession {
    /// The POSIX checksum of memory, from the board's `cksum`.
    ///
    /// - Throws: ``Interruption``, `replyNotUnderstood`, `boardSilent`.
    func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        let command = try commands.checksum(at: address, count: UInt64(max(0, count)))
        // A slow board takes a second for a megabyte of uncached flash.
        let reply = try await ask(
            command, silence: .seconds(10 + count / (256 << 10)), pause: timing.settled,
            accepts: { RedBootChecksum($0)?.count == count })
        examples.note(command)
        guard let sum = RedBootChecksum(reply) else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "RedBoot's checksum was not understood.",
                why: TerminalText.lastLines(reply.output), next: "Please report this, with --transcript FILE.")
        }
        return sum.value
    }
}
