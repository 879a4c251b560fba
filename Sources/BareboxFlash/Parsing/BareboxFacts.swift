package import FlashAccess
import FlashModel
import LoaderConsoles

/// What a barebox said of itself and of the flash. Any of it may be missing.
package struct BareboxFacts: Sendable {
    /// A flash device and what is known of it.
    package struct Flash: Sendable, Hashable {
        package var name: BareboxDeviceName
        package var device: BareboxFlashDevice
        /// nil if they were not listed, or it is not NAND.
        package var badBlocks: BareboxBadBlocks?
    }

    /// By question; only those that were answered.
    package let replies: [String: ConsoleReply]
    package let help: BareboxHelp?
    package let devices: BareboxDevices?
    /// In the order of ``devices``.
    package let flash: [Flash]
    /// `2026.06.0`; nil if it does not say.
    package let version: String?
    /// `Phytec phyCORE`; nil if it does not say.
    package let board: String?

    package init(_ replies: [String: ConsoleReply]) {
        let commands = BareboxCommands()
        self.replies = replies
        help = replies[commands.help()].flatMap(BareboxHelp.init)
        devices = replies[commands.devices()].flatMap(BareboxDevices.init)
        flash = (devices?.candidates ?? []).compactMap { name in
            guard let device = replies[commands.parameters(of: name)].flatMap(BareboxFlashDevice.init) else {
                return nil
            }
            return Flash(
                name: name, device: device,
                badBlocks: replies[commands.badBlocks(of: name)].flatMap(BareboxBadBlocks.init))
        }
        version = replies[commands.version()].flatMap(Self.value)
        board = replies[commands.model()].flatMap(Self.value)
    }

    /// The value that `echo` prints: the one line of the reply that is not empty.
    private static func value(_ reply: ConsoleReply) -> String? {
        let lines = reply.lines.map(\.trimmed).filter { !$0.isEmpty }
        guard lines.count == 1, let line = lines.first else { return nil }
        return PrintableText.escaped(line.string(limit: 80), limit: 60)
    }

    /// Whether a reply is complete, as far as its form shows.
    static func isWhole(_ reply: ConsoleReply, to question: String) -> Bool {
        let commands = BareboxCommands()
        switch question {
        case commands.help(): return BareboxHelp(reply) != nil
        case commands.devices(): return BareboxDevices(reply)?.strayLines.isEmpty == true
        default:
            return question.hasPrefix("nand ")
                ? BareboxBadBlocks(reply)?.strayLines.isEmpty == true
                    // A device without parameters is of no interest.
                : true
        }
    }

    /// The questions about each device; those about bad blocks only where they have an answer.
    package var furtherQuestions: [String] {
        let commands = BareboxCommands()
        return (devices?.candidates ?? []).prefix(Self.mostDevices).map { commands.parameters(of: $0) }
    }

    package var badBlockQuestions: [String] {
        guard help?.commands.contains("nand") == true else { return [] }
        return flash.filter(\.device.isNAND).map { BareboxCommands().badBlocks(of: $0.name) }
    }

    /// Enough for all boards; each costs a question.
    static let mostDevices = 32

    var hasChecksum: Bool { help?.commands.contains("crc32") == true }
    var hasDump: Bool { help?.commands.contains("md") == true }

    /// Why flash cannot be sent over the network; a sentence. nil if it can, as far as is known.
    var networkObstacle: String? {
        guard let help else { return "Its help was not understood." }
        if let missing = ["tftp", "memcpy", "ifup", "rm"].first(where: { !help.commands.contains($0) }) {
            return "Its help lists no \(missing)."
        }
        return devices?.interfaces.isEmpty == false ? nil : "Its devinfo lists no network interface."
    }
}
