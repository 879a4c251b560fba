internal import FlashAccess
internal import FlashModel

/// The console of MediaTek's failsafe pages: a few questions to U-Boot, none of which changes anything.
struct FailsafeConsole: Sendable {
    let client: WebClient
    let server: WebAddress

    /// The most replies for one output; each has at most 8 KiB.
    private static let replies = 64

    /// Asks a question.
    ///
    /// - Returns: what U-Boot printed; nil if there is no console, or it wants a token, or lost some of it.
    func ask(_ question: FailsafeQuestion) async throws -> [UInt8]? {
        // What was printed before is no answer.
        guard try await output() != nil, let address = WebAddress("/console/exec", relativeTo: server) else {
            return nil
        }
        let reply = try await client.text(.failsafeConsole(address, question))
        guard reply.head.status == 200, let printed = try await output() else { return nil }
        // The prompt at the end is no part of the answer, and no line.
        guard let end = printed.lastIndex(of: 0x0A) else { return [] }
        return Array(printed[...end])
    }

    private func output() async throws -> [UInt8]? {
        guard let address = WebAddress("/console/poll", relativeTo: server) else { return nil }
        var bytes: [UInt8] = []
        for _ in 0..<Self.replies {
            let reply = try await client.text(.failsafeOutput(address))
            guard reply.head.status == 200, let output = FailsafeOutput(reply.bytes), output.overflow != true else {
                return nil
            }
            bytes += output.data.utf8
            guard let left = output.avail, left > 0 else { return bytes }
        }
        return nil
    }
}
