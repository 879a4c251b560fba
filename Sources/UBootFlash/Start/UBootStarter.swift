private import BoardConsoles
import FlashAccess
package import FlashModel
package import ImageFormats

/// Loads an image into a board's RAM over TFTP, and starts it. Nothing is written to flash, and variables are set only
/// in RAM.
package final class UBootStarter {
    private let session: UBootSession
    private let version: UBootReply
    /// The variables that were set here.
    private var changed: [String: String] = [:]
    /// The board's commands and memory.
    package let facts: UBootFacts

    private init(_ session: UBootSession, version: UBootReply, facts: UBootFacts) {
        self.session = session
        self.version = version
        self.facts = facts
    }

    /// Asks the board for everything that loading requires.
    ///
    /// - Throws: `replyNotUnderstood`, `boardSilent`, `boardLost`.
    package static func learn(_ session: UBootSession) async throws -> UBootStarter {
        var replies: [String: UBootReply] = [:]
        for question in ["version", "help", "bdinfo", "printenv"] {
            replies[question] = try await session.agreed(on: question)
        }
        return UBootStarter(
            session, version: replies["version"] ?? UBootReply(output: []), facts: UBootFacts(replies))
    }

    /// U-Boot's variables.
    package var variables: [String: String] { facts.environment?.variables ?? [:] }

    /// The reason why the image cannot be started on this board; nil if none is known.
    package func refusal(of image: BootImage, file: String, address: UInt64? = nil) -> FlashkeepError? {
        image.refusal(
            file: file, board: BoardArchitecture.guess(version: version, board: facts.board, help: facts.help),
            help: facts.help, address: address)
    }

    /// The address in RAM for the image, away from U-Boot and from where the image unpacks to.
    ///
    /// - Throws: `imageUnsuitable` if there is no room.
    package func place(for image: BootImage, file: String) throws -> UInt64 {
        guard let board = facts.board else { throw noPlace(file, "bdinfo reports no memory.") }
        do {
            let hints = ["loadaddr", "kernel_addr_r", "ramdisk_addr_r"].compactMap { facts.environment?.address($0) }
            return try UBootLoadAddress(board).choose(
                size: image.room, target: image.target(memoryStart: board.banks.first?.lowerBound), hints: hints)
        } catch {
            switch error {
            case .emptyImage: throw noPlace(file, "It is empty.")
            case .unknownRelocation: throw noPlace(file, "bdinfo does not report the location of U-Boot itself.")
            case .tooLarge(let largest):
                throw noPlace(
                    file,
                    "It needs \(ByteCount.text(Int(clamping: image.room))), and the largest free range has "
                        + "\(ByteCount.text(Int(clamping: largest))).")
            }
        }
    }

    /// Sets a plan's variables, in RAM.
    package func set(_ plan: UBootNetworkPlan) async throws {
        for (name, value) in plan.variables.sorted(by: { $0.key < $1.key }) { try await set(name, to: value) }
    }

    /// Sets a variable in RAM; an empty value deletes it.
    ///
    /// - Throws: `usage` if U-Boot would not take the name or value literally.
    package func set(_ name: String, to value: String) async throws {
        let line: String
        do {
            line = try session.commands.setEnvironment(name, value)
        } catch {
            throw FlashkeepError(
                .usage, what: "The variable \(PrintableText.escaped(name, limit: 60)) cannot be set.",
                why: "U-Boot would not accept its name or value unchanged, or would lose its console.",
                next: "Use only letters, digits, single blanks and . _ - / : , + @ = ( ) % *")
        }
        _ = try await session.ask(line)
        changed[name] = value
    }

    /// The result of a load.
    package enum Load: Sendable, Hashable {
        /// All bytes are in RAM, with the right CRC-32 if the board can compute one.
        case done
        /// It did not complete.
        case failed(UBootTransferResult.Outcome)
        /// It completed, and the CRC-32 differs.
        case damaged
    }

    /// Loads a file from a TFTP server.
    ///
    /// - Parameters:
    ///   - size: the number of bytes that must arrive.
    ///   - sum: their CRC-32.
    package func load(_ name: String, to memory: UInt64, size: Int, sum: UInt32) async throws -> Load {
        // ``start(_:at:)`` starts it, once it is known to be complete.
        try await session.disableAutostart(variables.merging(changed) { $1 })
        let outcome = try await session.transfer(
            try session.commands.tftpGet(to: memory, file: name, command: TFTPLoad.command(facts.help) ?? "tftpboot"))
        switch outcome {
        case .done(size): break
        // Only a checksum tells whether the last bytes have arrived, too.
        case .doneRounded(size >> 10) where facts.hasChecksum: break
        case .done, .doneRounded: return .failed(.unclear)
        default: return .failed(outcome)
        }
        guard facts.hasChecksum else { return .done }
        return try await session.checksum(at: memory, count: size) == sum ? .done : .damaged
    }

    /// Starts the loaded image, and returns when it runs.
    ///
    /// - Throws: `commandFailed` if U-Boot is still running, or was reset.
    package func start(_ image: BootImage, at memory: UInt64) async throws {
        let command = try session.commands.start(image.command ?? .bootm, at: memory)
        try await ImageStart.expect(command) {
            try await session.say(command, silence: .seconds(60), pause: .seconds(60)).reply
        }
    }

    /// Listens until the started system falls silent, because it can then be expected to answer.
    package func follow() async throws { try await session.console.awaitSilence() }

    private func noPlace(_ file: String, _ why: String) -> FlashkeepError {
        FlashkeepError(
            .imageUnsuitable,
            what: "\(PrintableText.escaped(file, limit: 80)) does not fit in the board's RAM.",
            why: why, next: "Use a smaller initramfs image.")
    }
}
