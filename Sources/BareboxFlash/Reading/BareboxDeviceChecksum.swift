import FlashAccess
import FlashModel
import LoaderConsoles

/// Computes the CRC-32 of a flash device with `crc32 -f`.
final class BareboxDeviceChecksum: LoaderChecksum {
    private let session: LoaderSession
    private let device: BareboxDeviceName
    private let commands = BareboxCommands()
    /// The range that was read last, without an error.
    private(set) var readable: Range<Int>?

    init(_ session: LoaderSession, _ device: BareboxDeviceName) {
        self.session = session
        self.device = device
    }

    /// - Parameter range: in bytes from the start of the chip.
    func answer(_ range: Range<Int>) async throws -> BareboxChecksumReply {
        guard range.lowerBound >= 0, !range.isEmpty else { throw BareboxCommandFault.badRange }
        let addresses = UInt64(range.lowerBound)..<UInt64(range.upperBound)
        let command = try commands.checksum(device, at: addresses.lowerBound, count: range.count)
        session.examples.note(command)
        let device = device
        let answer = try await session.ask(
            command, silence: .seconds(30),
            accepts: { BareboxChecksumReply($0, of: device, addresses) != nil })
        guard let reply = BareboxChecksumReply(answer.reply, of: device, addresses) else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "barebox gave no checksum.", why: "\"\(command)\" was answered otherwise.",
                next: "Check the cable, and run the same command again.")
        }
        if case .sum = reply { readable = range }
        return reply
    }

    func crc32(_ range: Range<Int>) async throws -> UInt32? {
        switch try await answer(range) {
        case .sum(let sum): sum
        case .unreadable: nil
        }
    }
}
