import FlashModel

/// Guesses the places of partitions that follow one another.
struct DeviceStack {
    /// The size of the largest chip that the kernel's log names, in bytes; nil if it names none.
    private let largest: Int?

    init(_ log: KernelLog) {
        largest = [log.spiNOR.map(\.size).max(), log.cfi.map(\.size).max(), log.nand.map(\.size).max()]
            .compactMap { $0 }.max().flatMap { $0 > 0 ? $0 : nil }
    }

    /// Places of partitions that follow one another; nil where no chip is as large as they are together.
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

    /// Where those of the following devices begin, from this one's start, that divide it; none where they do not fill it.
    private func divided(_ device: MTDDevice, into following: ArraySlice<MTDDevice>) -> [Int] {
        let isFirmware = device.name.lowercased().hasPrefix("firmware")
        // Within firmware, a kernel that is no whole erase blocks is followed at once by what it mounts, or after the rest
        // of its block.
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
