package import BoardConsoles
import LinuxFlash
import UBootFlash

extension ConsoleIdentifier {
    /// Knows all dialects, like the one that opens boards.
    package static func ofAll(
        wanted: String? = nil, nonce: @escaping @Sendable () -> String,
        timing: ConsoleTiming = ConsoleTiming(),
        notify: @escaping @Sendable (ConsoleNotice) async throws -> Void = { _ in }
    ) -> ConsoleIdentifier {
        ConsoleIdentifier(
            recognizers: [UBootRecognizer(), LinuxRecognizer()] + ForeignBootloader.all, wanted: wanted, nonce: nonce,
            timing: timing, notify: notify)
    }
}

extension Responder {
    /// U-Boot at its prompt.
    package static func uboot(prompt: [UInt8]) -> Responder {
        Responder(dialect: UBootRecognizer.name, prompt: prompt)
    }

    package static let linux = Responder(dialect: LinuxRecognizer.name)
}
