import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// The end of a pipe that the signal handler writes to. A handler may do next to nothing; writing is allowed
/// (signal-safety(7)).
private let handlerEnd = Atomic<CInt>(-1)

/// Ctrl-C and its relatives: SIGINT, SIGTERM and SIGHUP.
///
/// The first asks the work to end in good order; the second ends the program at once.
enum Interruption {
    private static let signals: [(number: CInt, name: String)] = [
        (SIGINT, "Ctrl-C was pressed"), (SIGTERM, "it was asked to end (SIGTERM)"),
        (SIGHUP, "the terminal was closed (SIGHUP)"),
    ]
    private static let happened = Mutex<CInt?>(nil)
    private static let lastWishes = Mutex<[Int: @Sendable () -> Void]>([:])

    /// Why the program is to end, in words; nil where nothing came.
    static var reason: String? {
        happened.withLock { $0 }.map { number in signals.first { $0.number == number }?.name ?? "a signal came" }
    }

    /// Listens from now on.
    ///
    /// - Parameter first: called once, on a thread of its own, when the first signal comes.
    static func listen(first: @escaping @Sendable () -> Void) {
        guard let ends = try? FileDescriptor.pipe() else { return }
        let reading = ends.readEnd.rawValue
        // Programs that are started here have no business with it.
        _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends.writeEnd.rawValue, F_SETFD, FD_CLOEXEC)
        handlerEnd.store(ends.writeEnd.rawValue, ordering: .relaxed)
        // A thread that does nothing else: it must run even where all others are stuck.
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
            // Whoever started us with nohup wants the signal ignored.
            if unsafe unsafeBitCast(earlier, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
                signal(signalNumber, SIG_IGN)
            }
        }
    }

    /// Keeps something that must be done even where the program ends at once, such as switching echo on again.
    ///
    /// - Returns: takes it back.
    static func onSecond(_ wish: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let key = lastWishes.withLock { wishes -> Int in
            let key = (wishes.keys.max() ?? 0) + 1
            wishes[key] = wish
            return key
        }
        return { lastWishes.withLock { _ = $0.removeValue(forKey: key) } }
    }
}
