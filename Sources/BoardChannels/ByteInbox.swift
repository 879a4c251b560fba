private import Synchronization

/// A bounded buffer for bytes from a board, with a deadline for each read.
///
/// Event loops and pumps deliver from their own threads; there is one reader. When the buffer is full, the deliverer
/// must stop taking bytes from the operating system, so that a fast board is slowed down and memory use stays constant.
package final class ByteInbox: Sendable {
    /// The number of waiting bytes above which deliverers should pause.
    package static let highWater = 1 << 20
    /// The number of waiting bytes below which they may continue.
    package static let lowWater = 1 << 18

    private enum Ending {
        case closed
        case failed(any Error)
    }

    /// A reader waiting for bytes.
    private struct Reader {
        var id: UInt64
        var deadline: ContinuousClock.Instant?
        var continuation: CheckedContinuation<ChannelRead, any Error>
    }

    private struct State {
        var waiting: [UInt8] = []
        var ending: Ending?
        var reader: Reader?
        var nextID: UInt64 = 0
        /// When the next alarm checks whether a reader's deadline has passed.
        var alarm: ContinuousClock.Instant?
        var isPaused = false
    }

    private let state = Mutex(State())
    private let resume: @Sendable () -> Void

    /// - Parameter resume: called from the reader's thread when a paused deliverer may continue.
    package init(resume: @escaping @Sendable () -> Void = {}) {
        self.resume = resume
    }

    /// Adds bytes. Returns false if the deliverer should pause until `resume` is called.
    package func deliver(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return true }
        let (reader, mayGoOn) = state.withLock { state -> (CheckedContinuation<ChannelRead, any Error>?, Bool) in
            if let reader = state.reader {
                state.reader = nil
                return (reader.continuation, true)
            }
            state.waiting.append(contentsOf: bytes)
            if state.waiting.count >= Self.highWater { state.isPaused = true }
            return (nil, !state.isPaused)
        }
        reader?.resume(returning: .bytes(Array(bytes)))
        return mayGoOn
    }

    /// Whether a deliverer may deliver more. After a false result, `resume` is called when it may again.
    package var hasRoom: Bool { state.withLock { !$0.isPaused } }

    /// Ends the stream: waiting bytes can still be read. Only the first ending counts.
    package func finish(_ error: (any Error)? = nil) {
        let reader = state.withLock { state -> CheckedContinuation<ChannelRead, any Error>? in
            guard state.ending == nil else { return nil }
            state.ending = error.map { .failed($0) } ?? .closed
            defer { state.reader = nil }
            return state.reader?.continuation
        }
        if let error {
            reader?.resume(throwing: error)
        } else {
            reader?.resume(returning: .closed)
        }
    }

    /// Returns the next bytes; see ``BoardChannel/read(timeout:)``.
    package func next(timeout: Duration?) async throws -> ChannelRead {
        try Task.checkCancellation()
        if let ready = takeReady() { return try ready.get() }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Bytes may have arrived since the first check.
                let reader = Reader(id: id, deadline: deadline, continuation: continuation)
                if let ready = takeReady(orWait: reader) {
                    continuation.resume(with: ready)
                } else if let deadline {
                    setAlarm(deadline)
                }
            }
        } onCancel: {
            giveUp(id, .failure(CancellationError()))
        }
    }

    /// The immediately available result; nil if the reader has to wait, in which case a given reader is registered.
    private func takeReady(
        orWait reader: Reader? = nil
    ) -> Result<ChannelRead, any Error>? {
        let (ready, wasPaused) = state.withLock { state -> (Result<ChannelRead, any Error>?, Bool) in
            // A cancellation before the reader is registered finds no reader to resume.
            if reader != nil, Task.isCancelled { return (.failure(CancellationError()), false) }
            if !state.waiting.isEmpty {
                let bytes = state.waiting
                state.waiting = []
                defer { state.isPaused = false }
                return (.success(.bytes(bytes)), state.isPaused)
            }
            switch state.ending {
            case .closed: return (.success(.closed), false)
            case .failed(let error): return (.failure(error), false)
            case nil:
                state.reader = reader
                return (nil, false)
            }
        }
        if wasPaused { resume() }
        return ready
    }

    /// Schedules a check of the deadlines at this time, unless an earlier one is scheduled.
    ///
    /// One alarm serves many reads: a cancelled timer stays with the system until its time, and a line that delivers
    /// single bytes would leave thousands behind each second.
    private func setAlarm(_ time: ContinuousClock.Instant) {
        let isNeeded = state.withLock { state in
            if let alarm = state.alarm, alarm <= time { return false }
            state.alarm = time
            return true
        }
        guard isNeeded else { return }
        Task.detached { [weak self] in
            try await Task.sleep(until: time, clock: .continuous)
            self?.ring(time)
        }
    }

    /// Handles an alarm: ends the wait of an expired reader, or sets another alarm for a reader with a later deadline.
    private func ring(_ time: ContinuousClock.Instant) {
        let (late, next) = state.withLock { state -> (Reader?, ContinuousClock.Instant?) in
            // If an earlier alarm was set after this one, that one does the check.
            if state.alarm == time { state.alarm = nil }
            guard let reader = state.reader, let deadline = reader.deadline else { return (nil, nil) }
            guard deadline <= ContinuousClock.now else { return (nil, deadline) }
            state.reader = nil
            return (reader, nil)
        }
        late?.continuation.resume(returning: .timedOut)
        if let next { setAlarm(next) }
    }

    /// Ends the wait of this reader, if it is still waiting.
    private func giveUp(_ id: UInt64, _ result: Result<ChannelRead, any Error>) {
        let reader = state.withLock { state -> CheckedContinuation<ChannelRead, any Error>? in
            guard let reader = state.reader, reader.id == id else { return nil }
            state.reader = nil
            return reader.continuation
        }
        reader?.resume(with: result)
    }
}
