package import LocalFiles
import Synchronization
package import SystemPackage

/// Makes one disk operation fail, or it and all later ones, or overrides the free space.
package final class DiskTrouble: DiskWatcher {
    private let failing: Range<Int>
    private let number: Errno
    private let counter = Mutex(0)
    package let freeSpace: Int?

    /// - Parameters:
    ///   - failing: numbers of the operations that fail; the first is 0.
    ///   - number: the errno of the failure.
    package init(failing: Range<Int> = 0..<0, _ number: Errno = .ioError, freeSpace: Int? = nil) {
        self.failing = failing
        self.number = number
        self.freeSpace = freeSpace
    }

    /// The number of requested operations.
    package var count: Int { counter.withLock { $0 } }

    package func before(_ operation: DiskOperation) throws {
        let own = counter.withLock { count in
            defer { count += 1 }
            return count
        }
        if failing.contains(own) { throw number }
    }

    package func after(_ operation: DiskOperation) {}
}
