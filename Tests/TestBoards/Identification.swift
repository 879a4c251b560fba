import BareboxFlash
package import BoardConsoles
import CFEFlash
import LinuxFlash
import LoaderConsoles
import RealtekFlash
import RedBootFlash
import UBootFlash

extension ConsoleIdentifier {
    /// Knows all dialects, like the one that opens boards.
    package static func ofAll(
        wanted: Set<String> = [], nonce: @escaping @Sendable () -> String,
        timing: ConsoleTiming = ConsoleTiming(),
        notify: @escaping @Sendable (ConsoleNotice) async throws -> Void = { _ in }
    ) -> ConsoleIdentifier {
        ConsoleIdentifier(
            recognizers: [
                UBootRecognizer(), RedBootRecognizer(), LoaderRecognizer(CFELoader()),
                LoaderRecognizer(RealtekLoader()), LoaderRecognizer(BareboxLoader()), LinuxRecognizer(),
            ] + ForeignBootloader.all,
            wanted: wanted, nonce: nonce,
            timing: timing, notify: notify)
    }
}

extension Responder {
    /// U-Boot at its prompt.
    package static func uboot(prompt: [UInt8]) -> Responder {
        Responder(dialect: UBootRecognizer.name, prompt: prompt)
    }

    /// RedBoot at its prompt.
    package static func redboot(prompt: [UInt8] = Array("RedBoot> ".utf8)) -> Responder {
        Responder(dialect: RedBootRecognizer.name, prompt: prompt)
    }

    package static let linux = Responder(dialect: LinuxRecognizer.name)
}
