private import BoardConsoles
import FlashModel

/// The start of an image from a bootloader's prompt.
package enum ImageStart {
    /// Waits until the bootloader is gone.
    ///
    /// - Parameters:
    ///   - command: the one that starts the image.
    ///   - run: runs it; a ``BoardInterruption`` shows that the bootloader is gone.
    /// - Throws: `commandFailed` if the bootloader still answers, or the board was reset.
    package static func expect(_ command: String, _ run: () async throws -> ConsoleReply) async throws {
        let reply: ConsoleReply
        do {
            reply = try await run()
        } catch let interruption as BoardInterruption {
            guard !interruption.isSystemStart else { return }
            throw failed("The image did not start: the board was reset.", why: interruption.why)
        }
        throw failed(
            "The image did not start.", why: "\(command) answered: \(TerminalText.lastLines(reply.output))")
    }

    private static func failed(_ what: String, why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: what, why: why, next: "Use the initramfs image made for this board.")
    }
}
