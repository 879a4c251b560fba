package import FlashAccess

/// The output of `fis write`, `fis erase`, `fis lock` and `fis unlock` (`redboot/current/src/flash.c`;
/// `io/flash/current/src/flash.c` and `legacy_api.c`).
///
/// There is no word for success: only progress lines with a dot for each block, and the prompt. An error stands in a line
/// of its own, and breaks the progress line.
package struct RedBootFlashResult: Sendable, Hashable {
    /// What a progress line says: `... Erase from 0xbe200000-0xbe220000: ..`.
    package enum Work: String, Sendable, Hashable, CaseIterable {
        case erase = "... Erase from "
        case program = "... Program from "
        case lock = "... Lock from "
        case unlock = "... Unlock from "
    }

    /// The work that ran to its end, in order.
    package private(set) var done: [Work] = []
    /// The first line that reports a failure.
    package private(set) var failure: String?
    /// Whether the chip refused, rather than the command: the block may be failing, or locked.
    package private(set) var isOfFlash = false

    package init(_ reply: ConsoleReply) {
        for line in reply.lines.map(\.trimmed) where !line.isEmpty {
            if let work = Work.allCases.first(where: { line.hasPrefix($0.rawValue) }) {
                // Its dots follow a colon; a line that an error broke has none.
                if let dots = line.after(": "), !dots.isEmpty, dots.bytes.allSatisfy({ $0 == 0x2E }) {
                    done.append(work)
                }
                continue
            }
            guard failure == nil, let isOfFlash = Self.failure(line) else { continue }
            failure = line.string(limit: 160)
            self.isOfFlash = isOfFlash
        }
    }

    /// Whether the flash is to blame; nil if the line reports no failure.
    private static func failure(_ line: ByteText) -> Bool? {
        let ofFlash = [
            "Can't erase region", "Can't program region", "Error erasing", "Error writing", "Can't unlock region",
            "Can't lock region", "Error locking", "Error unlocking",
        ]
        if ofFlash.contains(where: { line.hasPrefix($0) }) { return true }
        let others = [
            "Invalid FLASH address", "Can't erase this region", "Can't program this region",
            "*** invalid 'fis' command",
            "** Error:", "** WARNING:", "Sorry, no FLASH", "** command abort",
        ]
        return others.contains { line.hasPrefix($0) } ? false : nil
    }

    /// Whether the chip is protected (`io/flash/current/src/flash.c`, flash_errmsg: FLASH_ERR_PROTECT).
    package var isProtected: Bool { failure.map { $0.contains("write-protected") } == true }
}
