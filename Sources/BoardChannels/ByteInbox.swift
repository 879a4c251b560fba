private import Synchronization

/// Where what a board sent waits to be read: bounded, with a deadline for each read.
///
/// Event loops and pumps deliver from their own threads; one reader takes. When it is full, the deliverer is told and
/// stops taking bytes from the operating system, so that a fast board is slowed down and memory stays flat.
package final class ByteInbox: Sendable {
    /// Above this many waiting bytes, deliverers should pause.
    package static let highWater = 1 << 20
    /// Below this many, they may go on.
    package static let lowWater = 1 << 18

    private enum Ending {
        case closed
        case failed(any Error)
    }

    /// Somebody who waits for bytes.
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
        /// When the next alarm looks for a reader that has waited long enough.
        var alarm: ContinuousClock.Instant?
        var isPaused = false
    }

    private let state = Mutex(State())
    private let resume: @Sendable () -> Void

    /// - Parameter resume: called when a deliverer that was told to pause may go on; from the reader's thread.
    package init(resume: @escaping @Sendable () -> Void = {}) {
        self.resume = resume
    }

    /// Takes in bytes. Returns false when the deliverer should pause until `resume` is called.
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

    /// Whether a deliverer may deliver more. Once it may not, `resume` tells when it may again.
    package var hasRoom: Bool { state.withLock { !$0.isPaused } }

    /// The board's end is reached: what waits can still be read. The first ending counts.
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

    /// The bytes that came next; see ``BoardChannel/read(timeout:)``.
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
                // Something may have come since the first look.
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

    /// What can be had at once; nil where the reader has to wait, and then it is registered if one is given.
    private func takeReady(
        orWait reader: Reader? = nil
    ) -> Result<ChannelRead, any Error>? {
        let (ready, wasPaused) = state.withLock { state -> (Result<ChannelRead, any Error>?, Bool) in
            // A cancellation before the reader is registered finds nobody to tell.
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

    /// Sees that somebody looks at this time, unless somebody does before.
    ///
    /// One alarm for many reads: a timer that is given up stays with the system until its time has come, and a line
    /// that brings its bytes one by one would leave thousands behind each second.
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

    /// An alarm's time has come: who has waited long enough is told, for who may wait longer there is another alarm.
    private func ring(_ time: ContinuousClock.Instant) {
        let (late, next) = state.withLock { state -> (Reader?, ContinuousClock.Instant?) in
            // Where an earlier one was set after this one, that one has looked.
            if state.alarm == time { state.alarm = nil }
            guard let reader = state.reader, let deadline = reader.deadline else { return (nil, nil) }
            guard deadline <= ContinuousClock.now else { return (nil, deadline) }
            state.reader = nil
            return (reader, nil)
        }
        late?.continuation.resume(returning: .timedOut)
        if let next { setAlarm(next) }
    }

    /// Ends the wait of this reader, if it still waits.
    private func giveUp(_ id: UInt64, _ result: Result<ChannelRead, any Error>) {
        let reader = state.withLock { state -> CheckedContinuation<ChannelRead, any Error>? in
            guard let reader = state.reader, reader.id == id else { return nil }
            state.reader = nil
            return reader.continuation
        }
        reader?.resume(with: result)
    }
}
