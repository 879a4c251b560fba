import FlashAccess

/// The error that `protect`, `erase`, `cp.b`, `sf erase` or `sf write` printed. The absence of an error proves nothing:
/// `Erased 2 sectors` is also printed for protected sectors.
///
/// Forms: `Can't write to protected Flash sectors`, `Flash not Erased`, `Outside available Flash`, `Timeout writing to
/// Flash` (`common/flash.c`, flash_perror); `- Warning: 1 protected sectors will not be erased!`, `Flash erase error at
/// address bf000000` (`drivers/mtd/cfi_flash.c`); `SF: 4096 bytes @ 0x0 Written: ERROR -5`, `ERROR: attempting write
/// past flash size (0x4000)`, `No SPI flash selected. Please run `sf probe'` (`cmd/sf.c`); a usage, or `Unknown
/// command`.
package struct UBootNORWriteResult: Sendable, Hashable {
    /// The first line that reports a failure; nil if none does.
    package var failure: String?

    /// Parses the command's output.
    package init(_ reply: UBootReply) {
        let signs = [
            "can't", "not erased", "outside", "timeout", "time out", "error", "failed", "failure", "warning", "unknown",
            "usage:", "no spi flash", "not on sector boundary", "invalid", "bad address",
        ]
        for line in reply.lines.prefix(5000) {
            let text = line.trimmed.string(limit: 160)
            let small = text.lowercased()
            guard signs.contains(where: small.contains) else { continue }
            failure = text
            return
        }
    }
}
