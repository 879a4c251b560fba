package import BoardChannels
package import FlashModel

/// A channel used as a dialogue: send something, wait for something.
///
/// It is leased to one task at a time, and is therefore a plain class that is not Sendable: an actor would let a second
/// command begin while the first one waits for its reply.
package final class Console {
    package let channel: any BoardChannel
    /// Bytes received and not yet used.
    private var buffer: [UInt8] = []
    /// The most recent bytes, unfiltered, for error messages.
    private var recent: [UInt8] = []
    /// When the last bytes arrived.
    private var lastArrival: Duration?
    /// The deadline of the current task, and the task's description.
    private var limit: (end: Duration, task: String)?
    private var kernelFilter: KernelMessageFilter?
    /// Passwords that were sent: a board may echo them.
    private var secrets: [[UInt8]] = []

    /// The maximum size of ``recent`` in bytes.
    private static let recentBytes = 4_096
    /// The maximum number of bytes that ``collect(quiet:longest:until:)`` keeps.
    private static let collectedBytes = 65_536
    /// How long after its last output the other side still counts as talking.
    private static let talks = Duration.seconds(3)

    package init(_ channel: any BoardChannel) {
        self.channel = channel
    }

    /// The channel's own clock; see ``BoardChannel/time``.
    package var time: Duration { channel.time }

    /// Sends text verbatim; the caller provides line ends.
    package func send(_ text: String, isSecret: Bool = false) async throws {
        if isSecret {
            secrets.append(text.utf8.filter { $0 > 0x20 })
        }
        try await channel.write(Array(text.utf8), isSecret: isSecret)
    }

    // MARK: Waiting

    /// Runs a body that must end in time, whatever arrives meanwhile. Limits nest: the earliest one counts.
    ///
    /// - Parameters:
    ///   - duration: by the channel's clock. Waits end at the limit; a write in progress completes.
    ///   - task: what is being done, for the error, such as `the login`.
    /// - Throws: what the body throws; ``FlashkeepError`` with `noReplyInTime` if the limit is reached and something
    ///   arrived in the last seconds, and with `boardSilent` if nothing did.
    package func within<Result>(_ duration: Duration, _ task: String, body: () async throws -> Result) async throws
        -> Result
    {
        let outer = limit
        defer { limit = outer }
        let end = time + duration
        if outer.map({ end < $0.end }) ?? true { limit = (end, task) }
        return try await body()
    }

    /// The only place where a console waits.
    private func read(within timeout: Duration) async throws -> [UInt8]? {
        var timeout = timeout
        var isLast = false
        if let limit {
            let rest = limit.end - time
            guard rest > .zero else { throw tooLate(limit.task) }
            isLast = rest < timeout
            timeout = min(timeout, rest)
        }
        switch try await channel.read(timeout: timeout) {
        case .bytes(let bytes):
            lastArrival = time
            recent = Array((recent + bytes.suffix(Self.recentBytes)).suffix(Self.recentBytes))
            return bytes
        case .timedOut:
            if isLast, let limit { throw tooLate(limit.task) }
            return nil
        case .closed: throw closed()
        }
    }

    /// Returns received bytes: immediately if there are any, otherwise those that arrive in time.
    ///
    /// - Parameter silence: how long to wait; filtered kernel messages do not count.
    /// - Returns: nil if nothing arrived.
    /// - Throws: ``FlashkeepError`` with `boardLost` if the channel is closed, and as ``within(_:_:body:)``.
    package func bytes(within silence: Duration) async throws -> [UInt8]? {
        if !buffer.isEmpty {
            defer { buffer = [] }
            return buffer
        }
        return try await newBytes(within: silence)
    }

    /// The same, without the bytes received before.
    private func newBytes(within silence: Duration) async throws -> [UInt8]? {
        let end = time + silence
        while true {
            guard let bytes = try await read(within: max(.zero, end - time)) else {
                let held = kernelFilter?.release() ?? []
                return held.isEmpty ? nil : held
            }
            guard kernelFilter != nil else { return bytes }
            if let rest = kernelFilter?.take(bytes), !rest.isEmpty { return rest }
            guard time < end else { return nil }
        }
    }

    /// Puts back bytes that were taken and not used.
    package func putBack(_ bytes: some Collection<UInt8>) {
        buffer.insert(contentsOf: bytes, at: 0)
    }

    /// Reads up to and including a pattern.
    ///
    /// - Parameters:
    ///   - pattern: at least one byte.
    ///   - silence: the longest pause in the input.
    ///   - longest: the total time limit; nil is four times the silence.
    ///   - limit: the maximum number of bytes before the pattern.
    /// - Returns: the bytes before the pattern; nil if the board fell silent, took too long or sent more than the limit
    ///   (the bytes received then remain to be read).
    package func bytes(
        until pattern: [UInt8], silence: Duration, longest: Duration? = nil, limit: Int
    ) async throws -> [UInt8]? {
        let end = time + (longest ?? silence * 4)
        var searched = 0
        while true {
            if let range = ByteSearch.firstRange(of: pattern, in: buffer, from: max(0, searched - pattern.count + 1)) {
                let before = Array(buffer[..<range.lowerBound])
                buffer.removeSubrange(..<range.upperBound)
                return before
            }
            searched = buffer.count
            let rest = end - time
            guard buffer.count <= limit, rest > .zero else { return nil }
            guard let more = try await newBytes(within: min(silence, rest)) else { return nil }
            buffer += more
        }
    }

    /// Collects everything until the board has been silent for a while, or enough has arrived.
    ///
    /// - Parameters:
    ///   - quiet: how long it must be silent.
    ///   - longest: the limit for a board that never falls silent; nil is five times as long.
    ///   - until: whether the bytes so far are enough.
    /// - Returns: the last 64 KiB.
    package func collect(
        quiet: Duration, longest: Duration? = nil, until isEnough: ([UInt8]) -> Bool = { _ in false }
    ) async throws -> [UInt8] {
        var all: [UInt8] = []
        let end = time + (longest ?? quiet * 5)
        repeat {
            do {
                guard let bytes = try await bytes(within: min(quiet, max(.zero, end - time))) else { return all }
                all += bytes.suffix(Self.collectedBytes)
                if all.count > Self.collectedBytes { all.removeFirst(all.count - Self.collectedBytes) }
            } catch let error as FlashkeepError where error.code == .boardLost && !all.isEmpty {
                return all
            }
        } while !isEnough(all) && time < end
        return all
    }

    /// Listens until nothing comes for a while: a system that has started can then be expected to answer.
    ///
    /// - Parameters:
    ///   - silence: how long nothing must come.
    ///   - longest: the most time to wait for that.
    package func awaitSilence(_ silence: Duration = .seconds(3), longest: Duration = .seconds(180)) async throws {
        let end = time + longest
        while time < end, try await bytes(within: silence) != nil { try Task.checkCancellation() }
    }

    // MARK: Kernel messages

    /// Removes kernel messages from the input from now on, so that there are pauses between them, and they do not tear
    /// other output apart.
    package func beginFilteringKernel() {
        if kernelFilter == nil { kernelFilter = KernelMessageFilter() }
    }

    /// Stops removing kernel messages.
    package func endFilteringKernel() {
        buffer += kernelFilter?.release() ?? []
        kernelFilter = nil
    }

    /// Returns the kernel messages removed since the last call, at most the last 4 KiB.
    package func takeKernelMessages() -> [UInt8] { kernelFilter?.takeMessages() ?? [] }

    // MARK: Errors

    /// Whether something arrived a moment ago: then a reply is missing, not the board.
    package var isTalking: Bool { isTalking(after: Self.talks) }

    /// The same, with a shorter silence than usual.
    package func isTalking(after silence: Duration) -> Bool {
        lastArrival.map { time - $0 < min(silence, Self.talks) } ?? false
    }

    /// The last lines received, safe to show to a person; empty if there are none.
    package var lastWords: String {
        TerminalText.lastLines(SecretBlanking.blanked(recent, secrets))
    }

    /// The error for a reply that stayed incomplete or wrong, however often the command was repeated.
    package func notUnderstood(_ output: [UInt8], of command: String) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "The answer of \(channel.traits.address) to \"\(command)\" was not understood.",
            why: "The last output was: \(TerminalText.lastLines(output))",
            next: "Check the cable and the baud rate; --transcript FILE records the whole dialogue.")
    }

    /// The error for a board that keeps talking without reaching an end.
    ///
    /// - Parameter task: what did not end in time, such as `the login`.
    package func talksOn(during task: String) -> FlashkeepError {
        let last = lastWords
        return FlashkeepError(
            .noReplyInTime, what: "\(channel.traits.address) keeps sending, but \(task) did not finish in time.",
            why: last.isEmpty ? "It sent no text." : "The last output was: \(last)",
            next: "Look at the console, stop whatever prints there, then run the same command again.")
    }

    private func tooLate(_ task: String) -> FlashkeepError {
        if isTalking { return talksOn(during: task) }
        let last = lastWords
        return FlashkeepError(
            .boardSilent, what: "\(channel.traits.address) stopped answering during \(task).",
            why: last.isEmpty ? "Nothing was received." : "The last output was: \(last)",
            next: "Check power, cable and network, then run the same command again: it resumes.")
    }

    private func closed() -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "\(channel.traits.address) closed the connection.",
            why: "The board restarted, logged us out, or lost its network.",
            next: "Check the board, then run the same command again: it resumes.")
    }
}

/// Searches for byte patterns.
package enum ByteSearch {
    /// The first occurrence of a pattern at or after `start`; nil if there is none, or the pattern is empty.
    package static func firstRange(of pattern: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Range<Int>? {
        guard let first = pattern.first, pattern.count <= bytes.count else { return nil }
        var position = max(0, start)
        let last = bytes.count - pattern.count
        while position <= last {
            guard let hit = bytes[position...].firstIndex(of: first), hit <= last else { return nil }
            if bytes[hit..<(hit + pattern.count)].elementsEqual(pattern) { return hit..<(hit + pattern.count) }
            position = hit + 1
        }
        return nil
    }
}
