import FoundationEssentials
import Glibc
import SystemPackage

/// A Python with the reference tools `bagit` and `jsonschema`, which check our output.
///
/// `FLASHKEEP_BAGIT_PYTHON` names its program; `make test` sets it. Without it these tests are skipped.
package enum Python {
    package static let path = ProcessInfo.processInfo.environment["FLASHKEEP_BAGIT_PYTHON"]

    package static let hint =
        "FLASHKEEP_BAGIT_PYTHON does not name a python3 that has the packages bagit and jsonschema"

    /// Runs Python.
    ///
    /// - Returns: its exit status; its output goes to the test's.
    package static func run(_ arguments: [String]) throws -> Int32 {
        guard let path else { throw Errno.noSuchFileOrDirectory }
        return try run(path, arguments)
    }

    /// Whether the reference validator accepts a bag.
    package static func accepts(bag: String) throws -> Bool {
        try run(["-m", "bagit", "--quiet", "--validate", bag]) == 0
    }

    /// Runs any program.
    package static func run(_ path: String, _ arguments: [String]) throws -> Int32 {
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, nil, nil, words, environ)
        guard failure == 0 else { throw Errno(rawValue: failure) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw Errno(rawValue: errno) }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
    }
}
