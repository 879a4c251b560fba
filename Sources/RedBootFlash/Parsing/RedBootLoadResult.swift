package import FlashAccess

/// The output of `load` behind its transfer (`redboot/current/src/load.c`, do_load).
package enum RedBootLoadResult: Sendable, Hashable {
    /// `Raw file loaded 0x80100000-0x80101387, assumed entry at 0x80100000`: the address, and the number of bytes, which
    /// is 0 if HTTP got nothing.
    case loaded(at: UInt64, count: Int)
    /// `Can't load 'x': file not found`, `Unable to reach host 10.0.0.99 (10.0.0.99)` and others.
    case failed(String)
    /// It says neither.
    case unclear

    package init(_ reply: ConsoleReply) {
        var failure: String?
        for line in reply.lines {
            // The receiver's control characters may come before it in the same line.
            if let rest = line.after("Raw file loaded "), let range = rest.before(",") {
                guard let start = range.before("-")?.address, let last = range.after("-")?.address,
                    start <= RedBootCommands.addressLimit, last < RedBootCommands.addressLimit
                else { continue }
                // The printed end is the last byte; before the start, if nothing came.
                self = .loaded(at: start, count: last >= start ? Int(last - start) + 1 : 0)
                return
            }
            for words in Self.failures where failure == nil {
                // The receiver's requests may come before it in the same line.
                failure = line.after(words).map { words + $0.string(limit: 120) }
            }
        }
        self = failure.map { .failed($0) } ?? .unclear
    }

    private static let failures = [
        "Can't load", "Unable to reach host", "Invalid host", "Invalid 'mode'", "I/O error", "__udp_sendto",
        "*** Abort!", "File name required", "Raw load requires", "Sorry, networking is not available",
        "Unrecognized image type", "** Error:",
    ]

    /// Whether no network is there to load over, so that another attempt is useless.
    package static func isHopeless(_ text: String) -> Bool {
        ["Invalid 'mode'", "networking is not available", "** Error:"].contains { text.contains($0) }
    }
}
