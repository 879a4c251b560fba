import FlashModel

/// A partition in as many parts as its board's free RAM needs, for a procedure by hand.
package struct ManualParts: Sendable, Hashable {
    package struct Part: Sendable, Hashable {
        /// In bytes of the chip.
        package let range: Range<Int>
        /// The name of its file: that of the partition, or one that is cut from it.
        package let file: String
    }

    package let parts: [Part]
    /// The address of each part in RAM.
    package let memory: UInt64
    /// What to know of the parts; empty if there is only one.
    package let notes: [String]

    /// nil if not even one erase block fits into RAM.
    ///
    /// - Parameters:
    ///   - range: of the partition on its chip, in whole erase blocks.
    ///   - memory: the address where so many bytes fit.
    package init?(_ range: Range<Int>, block: Int, memory: (Int) -> UInt64?) {
        var size = range.count
        var found = memory(size)
        while found == nil {
            guard size > block, let half = (size / 2).roundedUp(to: block), half < size else { return nil }
            size = half
            found = memory(size)
        }
        guard let found else { return nil }
        self.memory = found
        let ranges = stride(from: range.lowerBound, to: range.upperBound, by: size).map {
            $0..<min(range.upperBound, $0 + size)
        }
        parts = ranges.enumerated().map { number, part in
            Part(range: part, file: ranges.count == 1 ? ManualProcedure.file : "part\(number)")
        }
        guard ranges.count > 1 else {
            notes = []
            return
        }
        notes =
            ["It is larger than the free RAM, so it is written in \(ranges.count) parts."]
            + parts.map { part in
                "`\(part.file)` is cut from the file, on your computer: `dd if=\(ManualProcedure.file) of=\(part.file) "
                    + "bs=\(block) skip=\((part.range.lowerBound - range.lowerBound) / block) "
                    + "count=\(part.range.count / block)`."
            }
    }
}
