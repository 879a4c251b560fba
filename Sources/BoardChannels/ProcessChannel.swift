internal import FlashModel
private import Subprocess
private import Synchronization
private import SystemPackage

/// A channel to the standard input and output of a program on this computer: `ssh`, or a shell.
package final class ProcessChannel: BoardChannel {
    package let traits: ChannelTraits
    private let inbox: ByteInbox
    private let input: StandardInputWriter

    private init(traits: ChannelTraits, inbox: ByteInbox, input: StandardInputWriter) {
        self.traits = traits
        self.inbox = inbox
        self.input = input
    }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        try await inbox.next(timeout: timeout)
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        do {
            _ = try await input.write(bytes)
        } catch {
            try Task.checkCancellation()
            throw FlashkeepError(
                .boardLost, what: "The connection to \(traits.address) is gone.",
                why: "The program behind it no longer accepts input.",
                next: "Check the board and the cable, then run the same command again: it resumes.")
        }
    }

    /// How the program at the far end of a channel ended.
    struct Ending: Sendable {
        /// Its exit status; nil if a signal ended it.
        var status: Int?
        /// The last 16 KiB that it wrote to standard error.
        var errorText: String

        fileprivate init(_ status: TerminationStatus, errorText: String) {
            self.status = if case .exited(let code) = status { Int(code) } else { nil }
            self.errorText = errorText
        }
    }

    /// Runs a program with a channel to it.
    ///
    /// - Parameters:
    ///   - ownSession: whether it runs in its own session. A program that asks the user for a password must not.
    ///   - explain: turns the program's ending and the body's error into an error; called if the body failed because
    ///     the channel broke or closed. nil keeps the body's error.
    static func run<Result: Sendable>(
        program: String, arguments: [String], environment: [String: String] = [:], traits: ChannelTraits,
        ownSession: Bool, explain: @Sendable (Ending, FlashkeepError) -> FlashkeepError?,
        body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        var options = PlatformOptions()
        options.createSession = ownSession
        let teardown: [TeardownStep] = [
            .gracefulShutDown(toProcessGroup: ownSession, allowedDurationToNextStep: .seconds(2))
        ]
        options.teardownSequence = teardown
        var extra: [Environment.Key: String?] = [:]
        for (name, value) in environment { extra[Environment.Key(stringLiteral: name)] = value }
        let room = RoomSignal()
        let inbox = ByteInbox(resume: { room.signal() })
        let errorTail = ErrorTail()
        let outcome: ExecutionResult<Swift.Result<Result, any Error>, SequenceOutput, SequenceOutput>
        do {
            outcome = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments), environment: .inherit.updating(extra),
                platformOptions: options, input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                let channel = ProcessChannel(traits: traits, inbox: inbox, input: execution.standardInputWriter)
                let output = execution.standardOutput
                let errors = execution.standardError
                // Both pipes are drained concurrently and to their end: a full pipe would block the program.
                return await withTaskGroup(of: Void.self) { group in
                    group.addTask { await drain(output, into: inbox, room) }
                    group.addTask { await drain(errors, into: errorTail) }
                    let result: Swift.Result<Result, any Error>
                    do {
                        result = .success(try await body(channel))
                    } catch {
                        result = .failure(error)
                    }
                    try? await execution.standardInputWriter.finish()
                    if case .failure = result {
                        // The program may be ending with a useful message; give it a moment to print it.
                        await waitBriefly(for: inbox)
                    }
                    await execution.teardown(using: teardown)
                    room.signal()
                    group.cancelAll()
                    await group.waitForAll()
                    return result
                }
            }
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw programMissing(program, traits)
        }
        switch outcome.closureResult {
        case .success(let value):
            return value
        case .failure(let error):
            guard let failure = channelFailure(error) else { throw error }
            throw explain(Ending(outcome.terminationStatus, errorText: errorTail.text), failure) ?? failure
        }
    }

    private static func drain(_ output: SubprocessOutputSequence, into inbox: ByteInbox, _ room: RoomSignal) async {
        do {
            for try await buffer in output {
                let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                if !inbox.deliver(bytes) { await room.wait() }
            }
            inbox.finish()
        } catch {
            inbox.finish(error)
        }
    }

    private static func drain(_ errors: SubprocessOutputSequence, into tail: ErrorTail) async {
        do {
            for try await buffer in errors {
                let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                tail.append(bytes)
            }
        } catch {
            // The program's messages are only needed to explain a failure.
        }
    }

    private static func programMissing(_ program: String, _ traits: ChannelTraits) -> FlashkeepError {
        FlashkeepError(
            .programMissing, what: "The program \(program) was not found on this computer.",
            why: "It is needed to reach \(traits.address).",
            next: "Install it (for ssh: the openssh-client package).")
    }

    /// An error that only says that the program is gone, so that the program's own message is more useful; nil for
    /// others.
    private static func channelFailure(_ error: any Error) -> FlashkeepError? {
        guard let error = error as? FlashkeepError else {
            if error is CancellationError { return nil }
            return FlashkeepError(
                .boardLost, what: "The connection broke.", why: PrintableText.escaped("\(error)", limit: 300),
                next: "Check the board, then run the same command again: it resumes.")
        }
        let isOne = error.code == .boardLost || error.code.isLostReply || error.code == .replyNotUnderstood
        return isOne ? error : nil
    }

    /// Waits until the program closes its output, for a second at most.
    private static func waitBriefly(for inbox: ByteInbox) async {
        for _ in 0..<20 {
            guard let read = try? await inbox.next(timeout: .milliseconds(50)), read != .closed else { return }
        }
    }
}

/// The end of a program's standard error: enough to explain a failure, however much precedes it.
private final class ErrorTail: Sendable {
    private static let limit = 16_384
    private let bytes = Mutex<[UInt8]>([])

    func append(_ more: [UInt8]) {
        bytes.withLock { bytes in
            bytes.append(contentsOf: more)
            bytes.removeFirst(max(0, bytes.count - Self.limit))
        }
    }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}

/// Suspends a pump until its reader has taken the waiting bytes.
private final class RoomSignal: Sendable {
    private struct State {
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isSignalled = true }
            return state.waiter
        }
        waiter?.resume()
    }

    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state -> Bool in
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
