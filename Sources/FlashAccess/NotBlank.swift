import FlashModel

/// What of an erase block needs to be programmed once it is erased.
package enum NotBlank {
    /// Runs of units that are not blank, counted in units; what is less than a unit at the end is left out.
    package static func units(of bytes: [UInt8], _ unit: Int) -> [Range<Int>] {
        PartitionMap.merged(
            (0..<bytes.count / unit).filter { number in
                bytes[number * unit..<(number + 1) * unit].contains { $0 != 0xFF }
            }.map { $0..<$0 + 1 })
    }
}
