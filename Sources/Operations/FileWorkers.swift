import Dispatch
import FlashModel
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs jobs that wait for disks on their own threads. In Swift's thread pool, they would block the terminal, the board
/// and everything else.
enum FileWorkers {
    /// The number of this computer's processors, at least 1.
    static var processors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

    /// Runs all jobs, started in order, as many at a time as there are processors.
    ///
    /// - Parameters:
    ///   - jobs: the largest first, so that a large one does not run alone at the end.
    ///   - body: runs one job, and regularly calls ``Ticket/check()``. Each thread has its own buffer.
    /// - Throws: the first error of a job, after which no other job starts; `CancellationError` if the task was
    ///   cancelled.
    static func run<Job: Sendable>(
        _ jobs: [Job], threads: Int = processors, body: @escaping @Sendable (Job, Ticket, inout [UInt8]) throws -> Void
    ) async throws {
        if jobs.isEmpty { return }
        let ticket = Ticket()
        let shared = Shared()
        await withTaskCancellationHandler {
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                let group = DispatchGroup()
                let queue = DispatchQueue(label: "flashkeep.files", attributes: .concurrent)
                for _ in 0..<min(max(1, threads), jobs.count) {
                    queue.async(group: group) {
                        var buffer = [UInt8](repeating: 0, count: 1 << 20)
                        while true {
                            let index = shared.next.add(1, ordering: .relaxed).oldValue
                            guard index < jobs.count, !ticket.isCancelled else { return }
                            do {
                                try body(jobs[index], ticket, &buffer)
                            } catch {
                                shared.failure.withLock { $0 = $0 ?? error }
                                ticket.cancel()
                            }
                        }
                    }
                }
                group.notify(queue: queue) { done.resume() }
            }
        } onCancel: {
            ticket.cancel()
        }
        if let error = shared.failure.withLock({ $0 }) { throw error }
        try Task.checkCancellation()
    }

    /// Shows a job whether to continue.
    final class Ticket: Sendable {
        private let cancelled = Atomic<Bool>(false)

        var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

        func cancel() { cancelled.store(true, ordering: .relaxed) }

        /// - Throws: `CancellationError`.
        func check() throws {
            if isCancelled { throw CancellationError() }
        }
    }

    private final class Shared: Sendable {
        let next = Atomic<Int>(0)
        let failure = Mutex<(any Error)?>(nil)
    }
}
