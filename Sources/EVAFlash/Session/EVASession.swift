internal import BoardChannels
internal import FlashAccess
internal import FlashModel

/// A control connection to a loader: commands and replies.
final class EVASession {
    private let channel: any BoardChannel
    let limits: EVALimits
    private var reader = FTPReplyReader()
    /// Whether the loader may still report the end of a transfer, ahead of other replies.
    private var mayReportEnd = false

    init(_ channel: any BoardChannel, _ limits: EVALimits) {
        self.channel = channel
        self.limits = limits
    }

    // MARK: Replies

    /// Sends a command and returns the reply to it.
    ///
    /// - Throws: ``FlashkeepError`` with `boardSilent`, `boardLost`, or `replyNotUnderstood` if the reply is endless.
    func ask(_ command: EVACommand, within limit: Duration? = nil) async throws -> FTPReply {
        try await channel.write(Array("\(command.line)\r\n".utf8))
        let patience = limit.map { max($0, limits.reply) } ?? limits.reply
        var reply = try await self.reply(within: patience, to: command.line)
        // RETR's end is signalled late, or not at all (Freetz's documentation of saving partitions by FTP).
        if mayReportEnd, reply.code == 226 || reply.code == 426 {
            reply = try await self.reply(within: patience, to: command.line)
        }
        mayReportEnd = mayReportEnd || reply.isPreliminary
        return reply
    }

    /// The next reply.
    ///
    /// - Returns: nil if none comes in time.
    func pending(within limit: Duration, to what: String = "RETR") async throws -> FTPReply? {
        let end = channel.time + limit
        while true {
            if let reply = reader.next() { return reply }
            let rest = end - channel.time
            guard rest > .zero else { return nil }
            switch try await channel.read(timeout: rest) {
            case .bytes(let bytes):
                do {
                    try reader.take(bytes)
                } catch {
                    throw FlashkeepError(
                        .replyNotUnderstood, what: "The reply to \(what) has no end.",
                        why: error == .longLine
                            ? "A line of it has more than \(FTPReplyReader.lineBytes) bytes."
                            : "It has more than \(FTPReplyReader.replyLines) lines.",
                        next: "Check that \(channel.traits.address) is the bootloader of an AVM box.")
                }
            case .timedOut: return nil
            case .closed:
                throw FlashkeepError(
                    .boardLost, what: "The loader closed the connection at \(what).",
                    why: "It stopped waiting, or the board was switched off.",
                    next: "Run the same command again, and switch the board off and on when asked to.")
            }
        }
    }

    private func reply(within limit: Duration, to what: String) async throws -> FTPReply {
        guard let reply = try await pending(within: limit, to: what) else { throw silent(what, limit) }
        return reply
    }

    private func silent(_ what: String, _ limit: Duration) -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "The loader does not answer to \(what).",
            why: "No reply came within \(limit.components.seconds) seconds.",
            next: "Run the same command again, and switch the board off and on when asked to.")
    }

    private static func refused(_ command: EVACommand, _ reply: FTPReply) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "The loader refuses \(command.line).",
            why: "It replies \"\(PrintableText.escaped(reply.words))\".",
            next: "Start the board's Linux, and use SSH or telnet.")
    }

    // MARK: The beginning and the end

    /// Waits for the greeting, logs in, and selects flash.
    ///
    /// - Throws: ``FlashkeepError`` with `replyNotUnderstood` if another FTP server answers, `authenticationFailed`, and
    ///   as ``ask(_:within:)``.
    func open() async throws {
        var greeting = try await reply(within: limits.reply, to: "the connection")
        // 120 "Service not ready, please wait".
        if greeting.isPreliminary { greeting = try await reply(within: limits.reply, to: "the connection") }
        guard greeting.code == 220, greeting.text.contains("ADAM2") else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "An FTP server answers that is not the bootloader of an AVM box.",
                why: "It says \"\(PrintableText.escaped(greeting.words))\" in place of \"220 ADAM2 FTP Server ready\".",
                next: "Switch the board off and on while Flashkeep waits: its bootloader listens for five seconds.")
        }
        let user = try await ask(.user)
        if user.code == 331 || user.code == 332 {
            let password = try await ask(.password)
            guard password.isDone else { throw Self.loginRefused(password) }
        } else if !user.isDone {
            throw Self.loginRefused(user)
        }
        for command in [EVACommand.binary, .flashMedia] {
            let reply = try await ask(command)
            guard reply.isDone else { throw Self.refused(command, reply) }
        }
    }

    private static func loginRefused(_ reply: FTPReply) -> FlashkeepError {
        FlashkeepError(
            .authenticationFailed, what: "The loader refuses the user adam2.",
            why: "It replies \"\(PrintableText.escaped(reply.words))\".",
            next: "Start the board's Linux, and use SSH or telnet.")
    }

    /// Says goodbye, as far as the loader listens. It then waits for another session.
    func close() async {
        guard (try? await channel.write(Array("\(EVACommand.quit.line)\r\n".utf8))) != nil else { return }
        let end = channel.time + limits.farewell
        while channel.time < end, let reply = try? await reply(within: end - channel.time, to: EVACommand.quit.line) {
            if reply.code == 221 { return }
        }
    }

    // MARK: Questions

    /// Asks for everything that the loader says about itself.
    func facts() async throws -> EVAFacts {
        var facts = EVAFacts()
        let system = try await ask(.system)
        if system.isDone { facts.system = PrintableText.escaped(system.text.string(limit: 100), limit: 100) }
        facts.dialogue += Array("\(system.text.string())\n".utf8)
        for variable in EVAVariable.all { facts.note(variable, try await ask(.variable(variable))) }
        // Tried with the smallest partition, which takes the least time.
        let sizes = EVAPartitionName.all.compactMap { name -> (EVAPartitionName, Int)? in
            guard case .value(let value) = facts.answers[.partition(name)], let range = EVAPartition.range(value),
                !range.isEmpty
            else { return nil }
            return (name, range.count)
        }
        if let (name, size) = sizes.min(by: { $0.1 < $1.1 }) {
            switch try await check(name, size: size) {
            case .sum: facts.checks = true
            case .refused: facts.checks = false
            }
        }
        return facts
    }

    enum CheckResult: Sendable {
        case sum(UInt32)
        /// The loader's words.
        case refused(String)
    }

    /// Has the checksum of a whole partition computed.
    ///
    /// - Parameter size: of the partition, in bytes.
    func check(_ name: EVAPartitionName, size: Int) async throws -> CheckResult {
        let limit = limits.check + .seconds(size / max(1, limits.checkPace))
        let reply = try await ask(.check(name), within: limit)
        guard let sum = reply.flashCheck else { return .refused(reply.words) }
        return .sum(sum)
    }
}
