/// A piece of flash data as sent over a channel, between two lines that identify it.
///
///     @WORD b 12 4
///     …the bytes, encoded…
///     @WORD e 12 4 0 5 17 5 17 9c56cc51b374c3ba189210d5b6d4bf57  -|/dev/mtd3ro:65536:-
///
/// `WORD` is random and new in each session. The numbers are the first block, the count of blocks, the reader's exit
/// status, the ECC counters `ecc_failures` and `corrected_bits` before and after, and a checksum if there is one; the
/// source that was read follows the bar.
package struct InlineFrame: Sendable, Equatable {
    /// The kernel's ECC counters.
    package struct Counters: Sendable, Equatable {
        package var failures: Int
        package var corrected: Int

        package init(failures: Int, corrected: Int) {
            self.failures = failures
            self.corrected = corrected
        }
    }

    /// The number of the first block.
    package var first: Int
    /// The number of blocks.
    package var count: Int
    /// The reader's exit status.
    package var status: Int
    /// The counters before and after; nil if the board has none.
    package var before: Counters?
    package var after: Counters?
    /// The source: the device node, the block size, and the folder of the counters.
    package var origin: String
    /// The output of the board's checksum tool; empty if there was none.
    package var checksum: String
    /// The encoded bytes.
    package var payload: [UInt8]

    package init(
        first: Int, count: Int, status: Int, before: Counters?, after: Counters?, origin: String, checksum: String,
        payload: [UInt8]
    ) {
        self.first = first
        self.count = count
        self.status = status
        self.before = before
        self.after = after
        self.origin = origin
        self.checksum = checksum
        self.payload = payload
    }
}
