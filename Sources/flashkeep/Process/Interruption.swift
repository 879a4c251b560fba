import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// The end of a pipe that the signal handler writes to. A handler may do almost nothing; writing is allowed
/// (signal-safety(7)).
private let handlerEnd = Atomic<CInt>(-1)

/// Handles Ctrl-C and its relatives: SIGINT, SIGTERM and SIGHUP.
///
/// The first asks the work to stop in an orderly way; the second ends the program at once.
enum Interruption {
    private static let signals: [(number: CInt, name: String)] = [
        (SIGINT, "Ctrl-C was pressed"), (SIGTERM, "it was asked to stop (SIGTERM)"),
        (SIGHUP, "the terminal was closed (SIGHUP)"),
    ]
    private static let happened = Mutex<CInt?>(nil)
    private static let lastWishes = Mutex<[Int: @Sendable () -> Void]>([:])

    /// Why the program is to end, for people; nil if no signal came.
    static var reason: String? {
        happened.withLock { $0 }.map { number in
            signals.first { $0.number == number }?.name ?? "a signal was received"
        }
    }

    /// Starts listening.
    ///
    /// - Parameter first: called once, on its own thread, when the first signal comes.
    static func listen(first: @escaping @Sendable () -> Void) {
        guard let ends = try? FileDescriptor.pipe() else { return }
        let reading = ends.readEnd.rawValue
        // Child processes must not inherit it.
        _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends.writeEnd.rawValue, F_SETFD, FD_CLOEXEC)
        handlerEnd.store(ends.writeEnd.rawValue, ordering: .relaxed)
        // A dedicated thread: it must run even if all others are stuck.
        DispatchQueue(label: "flashkeep.signals").async {
            var number: UInt8 = 0
            while unsafe read(reading, &number, 1) == 1 {
                let isFirst = happened.withLock { happened -> Bool in
                    defer { happened = happened ?? CInt(number) }
                    return happened == nil
                }
                if isFirst {
                    first()
                } else {
                    for wish in lastWishes.withLock({ Array($0.values) }) { wish() }
                    _exit(ExitStatus.interrupted.rawValue)
                }
            }
        }
        for (signalNumber, _) in signals {
            let earlier = signal(signalNumber) { number in
                let errorBefore = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(handlerEnd.load(ordering: .relaxed), &byte, 1)
                errno = errorBefore
            }
            // A program started with nohup must keep ignoring the signal.
            if unsafe unsafeBitCast(earlier, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
                signal(signalNumber, SIG_IGN)
            }
        }
    }

    /// Registers an action that must run even if the program ends at once, such as switching echo on again.
    ///
    /// - Returns: removes the registration.
    static func onSecond(_ wish: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let key = lastWishes.withLock { wishes -> Int in
            let key = (wishes.keys.max() ?? 0) + 1
            wishes[key] = wish
            return key
        }
        return { lastWishes.withLock { _ = $0.removeValue(forKey: key) } }
    }
}
