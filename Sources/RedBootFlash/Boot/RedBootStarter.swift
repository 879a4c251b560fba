import BoardConsoles
import FlashAccess
package import FlashModel
package import Transfers

/// Loads an image into a board's RAM over TFTP, and starts it. Nothing is written to flash.
package final class RedBootStarter {
    /// How a loaded image is started.
    package enum Start: Sendable, Hashable {
        /// `go`: its code begins at the address where it is.
        case go
        /// `exec`: a kernel of Linux. RedBoots for MIPS take its entry point, others its address and size.
        case execute
    }

    /// The result of a load.
    package enum Load: Sendable, Hashable {
        /// All bytes are in RAM, with the right checksum if the board can compute one.
        case done
        /// It did not complete; the board's words.
        case failed(String)
        /// It completed, and the checksum differs.
        case damaged
    }

    private let session: RedBootSession
    package let facts: RedBootFacts

    private init(_ session: RedBootSession, _ facts: RedBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// Asks the board for everything that loading requires.
    ///
    /// - Throws: `replyNotUnderstood`, `boardSilent`, `boardLost`.
    package static func learn(_ session: RedBootSession) async throws -> RedBootStarter {
        var replies: [String: ConsoleReply] = [:]
        let commands = session.commands
        for question in [commands.version(), commands.help(), commands.addresses()] {
            let help = replies[commands.help()].flatMap(RedBootHelp.init)
            if question == commands.addresses(), help.map({ $0.has("ip_address") }) != true { continue }
            replies[question] = try await session.agreed(on: question)
        }
        return RedBootStarter(session, RedBootFacts(replies))
    }

    /// The reason why the board cannot start an image so; nil if none is known.
    package func refusal(_ start: Start, file: String) -> FlashkeepError? {
        let command = start == .go ? "go" : "exec"
        for name in [command, "load"] where facts.help.map({ $0.has(name) }) == false {
            return FlashkeepError(
                .toolMissing, what: "\(PrintableText.escaped(file, limit: 80)) cannot be started.",
                why: "Starting it takes \(name), which this RedBoot does not have.",
                next: "Read the flash through RedBoot itself.")
        }
        guard facts.addresses == nil else { return nil }
        return FlashkeepError(
            .toolMissing, what: "\(PrintableText.escaped(file, limit: 80)) cannot be loaded.",
            why: "This RedBoot has no network.", next: "Read the flash through RedBoot itself.")
    }

    /// Gives the board the addresses of both sides, in RAM.
    ///
    /// - Throws: `hostUnreachable` if it does not take them.
    package func set(_ addresses: BoardAddresses) async throws {
        let command = try session.commands.setAddresses(
            board: addresses.board,
            bits: facts.addresses.map { $0.hasMask } == true ? addresses.interface.prefixLength : nil,
            host: addresses.host)
        _ = try await session.ask(
            command, silence: .seconds(20), pause: .seconds(5),
            accepts: { RedBootNetworkAddresses($0)?.board == addresses.board })
    }

    /// Loads a file from a TFTP server.
    ///
    /// - Parameters:
    ///   - size: the number of bytes that must arrive.
    ///   - sum: their POSIX checksum, in hexadecimal.
    package func load(
        _ name: String, to memory: UInt64, size: Int, sum: String, from host: IPv4Address
    ) async throws -> Load {
        let answer = try await session.say(
            try session.commands.loadTFTP(
                to: memory, count: UInt64(size), file: name, host: host, flash: facts.mappedFlash),
            silence: .seconds(60), pause: .seconds(12), longest: session.timing.limits.transfer,
            accepts: { RedBootLoadResult($0) != .unclear })
        switch RedBootLoadResult(answer.reply) {
        case .failed(let text): return .failed(text)
        case .unclear: return .failed("no answer from \(host)")
        case .loaded(_, let count) where count != size: return .failed("\(count) bytes arrived instead of \(size)")
        case .loaded: break
        }
        guard facts.hasChecksum else { return .done }
        return Hexadecimal.text(try await session.checksum(at: memory, count: size)) == sum ? .done : .damaged
    }

    /// Starts the loaded image, and returns when it runs and has fallen silent.
    ///
    /// - Throws: `commandFailed` if RedBoot still answers, or was reset.
    package func start(_ start: Start, at memory: UInt64, size: Int) async throws {
        let takesAddress = facts.help.map { $0.has("exec", option: "-l") } == true
        let command =
            switch start {
            case .go: try session.commands.go(to: memory)
            case .execute where takesAddress: try session.commands.execute(at: memory, count: UInt64(size))
            case .execute: try session.commands.execute(entry: memory)
            }
        try await ImageStart.expect(command) {
            try await session.say(command, silence: .seconds(60), pause: .seconds(60)).reply
        }
        try await session.console.awaitSilence()
    }
}
