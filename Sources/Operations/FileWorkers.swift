import Dispatch
import FlashModel
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Does work that waits for disks on threads of its own: a thread of Swift's pool that waits is one less for the
/// terminal, the board and everything else.
enum FileWorkers {
    /// Processors of this computer, at least 1.
    static var processors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

    /// Does all jobs, begun in their order, as many at a time as there are processors.
    ///
    /// - Parameters:
    ///   - jobs: the largest first, so that none is left alone in the end.
    ///   - body: does one; it asks now and then whether to go on, by ``Ticket/check()``. Its buffer is its thread's own.
    /// - Throws: the first error of a job, after which no job is begun; `CancellationError` when the task was cancelled.
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

    /// Tells a job whether it should go on.
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
