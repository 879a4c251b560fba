/// RAM that stores only written pages: the rest has its power-on contents, which differ at each start. That a real
/// board's RAM is other than before after a power cycle is an assumption; QEMU's keeps its contents.
struct SimulatedMemory {
    private static let page: UInt64 = 4096

    private var pages: [UInt64: [UInt8]] = [:]
    private var filling: UInt8 = 0

    init(seed: UInt8 = 0) {
        filling = seed &* 73 &+ 0x11
    }

    func read(_ address: UInt64, _ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var position = address
        while result.count < count {
            let offset = Int(position % Self.page)
            let part = min(count - result.count, Int(Self.page) - offset)
            if let page = pages[position / Self.page] {
                result += page[offset..<(offset + part)]
            } else {
                result += [UInt8](repeating: filling, count: part)
            }
            position += UInt64(part)
        }
        return result
    }

    mutating func write(_ address: UInt64, _ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let position = address + UInt64(done)
            let offset = Int(position % Self.page)
            let part = min(bytes.count - done, Int(Self.page) - offset)
            pages[position / Self.page, default: [UInt8](repeating: filling, count: Int(Self.page))]
                .replaceSubrange(offset..<(offset + part), with: bytes[done..<(done + part)])
            done += part
        }
    }
}
