import NIOCore

/// Bytes as they come, cut into DATA packets that are ready to be sent. Pure.
///
/// Block numbers are counted from 1 and never wrap here; in a packet they go from 65535 to 0, as U-Boot, atftp, curl
/// and tftp-hpa have it.
struct TFTPBlockQueue: Sendable {
    private let blockSize: Int
    private var packets: [ByteBuffer] = []
    /// Packets at the front that are forgotten: they go many at once, since all others move up then.
    private var dropped = 0
    /// Of the first packet, forgotten or not.
    private var firstBlock = 1
    /// What does not fill a block yet.
    private var remainder: [UInt8] = []
    /// The number of the last block, once it is known.
    private(set) var lastBlock: Int?
    /// Bytes that were put in.
    private(set) var total = 0

    init(blockSize: Int) {
        self.blockSize = blockSize
    }

    /// The block behind those that are here.
    var end: Int { firstBlock + packets.count }

    /// The packet of a block; nil where it is not here.
    func packet(_ block: Int) -> ByteBuffer? {
        let index = block - firstBlock
        return (dropped..<packets.count).contains(index) ? packets[index] : nil
    }

    /// Forgets all blocks before this one.
    mutating func drop(before block: Int) {
        let end = min(max(dropped, block - firstBlock), packets.count)
        for index in dropped..<end { packets[index] = ByteBuffer() }
        dropped = end
        guard dropped * 2 > packets.count else { return }
        packets.removeFirst(dropped)
        firstBlock += dropped
        dropped = 0
    }

    /// Puts bytes in; nothing after ``finish()``.
    mutating func append(_ bytes: [UInt8]) {
        guard lastBlock == nil else { return }
        total += bytes.count
        var rest = bytes[...]
        if !remainder.isEmpty {
            let piece = rest.prefix(blockSize - remainder.count)
            remainder += piece
            rest = rest.dropFirst(piece.count)
            guard remainder.count == blockSize else { return }
            makePackets(remainder[...], count: 1)
            remainder = []
        }
        let count = rest.count / blockSize
        makePackets(rest, count: count)
        remainder = Array(rest.dropFirst(count * blockSize))
    }

    /// Makes the last block of what is left; it is empty where the size is a multiple of the block size.
    mutating func finish() {
        guard lastBlock == nil else { return }
        makePacket(remainder[...])
        remainder = []
        lastBlock = end - 1
    }

    private mutating func makePacket(_ payload: ArraySlice<UInt8>) {
        var packet = ByteBuffer()
        packet.reserveCapacity(payload.count + TFTPPacket.headerSize)
        TFTPPacket.encodeDataHeader(block: UInt16(truncatingIfNeeded: end), into: &packet)
        packet.writeBytes(payload)
        packets.append(packet)
    }

    /// Many full blocks in one piece of memory.
    private mutating func makePackets(_ bytes: ArraySlice<UInt8>, count: Int) {
        guard count > 0 else { return }
        let size = blockSize + TFTPPacket.headerSize
        var area = ByteBuffer()
        area.reserveCapacity(count * size)
        var rest = bytes
        for number in end..<end + count {
            TFTPPacket.encodeDataHeader(block: UInt16(truncatingIfNeeded: number), into: &area)
            area.writeBytes(rest.prefix(blockSize))
            rest = rest.dropFirst(blockSize)
        }
        // Not while it is being written: a slice would make the next write copy all of it.
        packets.reserveCapacity(packets.count + count)
        while let packet = area.readSlice(length: size) { packets.append(packet) }
    }
}
