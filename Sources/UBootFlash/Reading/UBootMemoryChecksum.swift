private import BoardConsoles
import FlashAccess
private import FlashModel

extension UBootSession {
    /// The CRC-32 of memory, from the board's `crc32`.
    ///
    /// - Throws: ``Interruption``, `replyNotUnderstood`, `boardSilent`.
    func checksum(
        at address: UInt64, count: Int
    ) async throws -> UInt32 {
        let size = UInt64(max(0, count))
        let command = try commands.crc32(at: address, count: size)
        // A slow board takes a second for a megabyte of uncached flash.
        let reply = try await ask(
            command, silence: .seconds(10 + count / (256 << 10)), pause: timing.settled,
            accepts: { UBootChecksum($0)?.covers(address, count: size) ?? false })
        examples.note(command)
        guard let sum = UBootChecksum(reply), let value = UInt32(sum.digest.hex, radix: 16) else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "U-Boot's checksum was not understood.",
                why: TerminalText.lastLines(reply.output), next: "Please report this, with --transcript FILE.")
        }
        return value
    }
}
