import NIOCore

/// Splits a byte stream into DATA packets that are ready to be sent. Pure.
///
/// Block numbers count from 1 and never wrap here; in a packet they wrap from 65535 to 0, as in U-Boot, atftp, curl and
/// tftp-hpa.
struct TFTPBlockQueue: Sendable {
    private let blockSize: Int
    private var packets: [ByteBuffer] = []
    /// The number of dropped packets at the front. They are removed in batches, because removal moves all others.
    private var dropped = 0
    /// The block number of the first packet, dropped or not.
    private var firstBlock = 1
    /// Bytes that do not fill a block yet.
    private var remainder: [UInt8] = []
    /// The number of the last block, once known.
    private(set) var lastBlock: Int?
    /// The number of bytes added.
    private(set) var total = 0

    init(blockSize: Int) {
        self.blockSize = blockSize
    }

    /// The number after the last available block.
    var end: Int { firstBlock + packets.count }

    /// The packet of a block; nil if it is not available.
    func packet(_ block: Int) -> ByteBuffer? {
        let index = block - firstBlock
        return (dropped..<packets.count).contains(index) ? packets[index] : nil
    }

    /// Drops all blocks before this one.
    mutating func drop(before block: Int) {
        let end = min(max(dropped, block - firstBlock), packets.count)
        for index in dropped..<end { packets[index] = ByteBuffer() }
        dropped = end
        guard dropped * 2 > packets.count else { return }
        packets.removeFirst(dropped)
        firstBlock += dropped
        dropped = 0
    }

    /// Adds bytes; has no effect after ``finish()``.
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

    /// Makes the last block of the remaining bytes; it is empty if the size is a multiple of the block size.
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

    /// Makes many full blocks in one memory area.
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
        // Slice only after writing: a slice would make the next write copy the whole area.
        packets.reserveCapacity(packets.count + count)
        while let packet = area.readSlice(length: size) { packets.append(packet) }
    }
}
