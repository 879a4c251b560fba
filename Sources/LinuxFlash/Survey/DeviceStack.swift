import FlashModel

/// Guesses the offsets of consecutive partitions.
struct DeviceStack {
    /// The size in bytes of the largest chip in the kernel's log; nil if there is none.
    private let largest: Int?

    init(_ log: KernelLog) {
        largest = [log.spiNOR.map(\.size).max(), log.cfi.map(\.size).max(), log.nand.map(\.size).max()]
            .compactMap { $0 }.max().flatMap { $0 > 0 ? $0 : nil }
    }

    /// Offsets of consecutive partitions; nil if together they are larger than any chip.
    func places(of members: [MTDDevice]) -> [(index: Int, offset: Int)]? {
        var guessed: [(index: Int, offset: Int)] = []
        var position: Int? = 0
        var next = 0
        while next < members.count, let start = position {
            let device = members[next]
            guard let end = start.plus(device.size), end <= largest ?? .max else { return nil }
            guessed.append((device.index, start))
            next += 1
            for offset in divided(device, into: members[next...]) {
                guard let place = start.plus(offset) else { break }
                guessed.append((members[next].index, place))
                next += 1
            }
            position = device.size % max(1, device.eraseSize) == 0 ? end : nil
        }
        return guessed
    }

    /// The offsets, within this device, of the following devices that subdivide it; empty if they do not fill it.
    private func divided(_ device: MTDDevice, into following: ArraySlice<MTDDevice>) -> [Int] {
        let isFirmware = device.name.lowercased().hasPrefix("firmware")
        // Within firmware, if the kernel is not a multiple of the erase block, its root file system follows either
        // immediately or at the next erase block.
        for isAligned in isFirmware ? [false, true] : [true] {
            var starts: [Int] = []
            var sum = 0
            for part in following where sum < device.size {
                guard let next = sum.plus(part.size),
                    let end = isAligned ? next.roundedUp(to: max(1, part.eraseSize)) : next, end <= device.size
                else {
                    sum = 0
                    break
                }
                starts.append(sum)
                sum = end
            }
            if sum == device.size, starts.count >= 2, isFirmware || starts.count == following.count { return starts }
        }
        return []
    }
}
