import FlashModel

/// Finds the parts of an erased block that need programming.
package enum NotBlank {
    /// The runs of units that are not blank, counted in units; an incomplete unit at the end is ignored.
    package static func units(of bytes: [UInt8], _ unit: Int) -> [Range<Int>] {
        PartitionMap.merged(
            (0..<bytes.count / unit).filter { number in
                bytes[number * unit..<(number + 1) * unit].contains { $0 != 0xFF }
            }.map { $0..<$0 + 1 })
    }
}
