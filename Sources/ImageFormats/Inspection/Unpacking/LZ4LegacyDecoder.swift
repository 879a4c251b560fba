private import CLZ4

/// The legacy LZ4 frame (`lz4_Frame_format.md`, "Legacy frame"): a magic number, then blocks of up to 8 MiB of output,
/// each after its packed size. There is no end mark: it ends with a block that puts out less, or with a size that
/// cannot be one. Linux appends the unpacked size, which is such a size or ends the input.
struct LZ4LegacyDecoder: StreamDecoder {
    /// The output of a block that is not the last.
    private static let blockSize = 8 << 20
    /// `LZ4_compressBound` of that.
    private static let packedLimit = blockSize + blockSize / 255 + 16

    private var isStarted = false
    /// The input that makes no complete block yet.
    private var held: [UInt8] = []
    /// The output that was not taken yet.
    private var block: [UInt8] = []
    private var taken = 0
    private var isLast = false
    private var hasBlock = false

    mutating func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep {
        if taken < block.count { return deliver(into: &output, consumed: 0) }
        if isLast { return DecoderStep(consumed: 0, produced: 0, state: .ended) }
        guard isStarted else {
            guard input.count >= 4 else { return DecoderStep(consumed: input.count, produced: 0, state: .damaged) }
            isStarted = true
            return DecoderStep(consumed: 4, produced: 0, state: .more)
        }
        // The input may end here, which is an end like any other.
        guard !input.isEmpty else {
            return DecoderStep(consumed: 0, produced: 0, state: held.isEmpty && hasBlock ? .ended : .more)
        }
        let before = held.count
        if before < 4 {
            held += input.prefix(4 - before)
            return DecoderStep(consumed: held.count - before, produced: 0, state: .more)
        }
        let size = held.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size > 0, size <= Self.packedLimit else {
            // What was taken for a size belongs to what follows.
            return DecoderStep(consumed: hasBlock ? -4 : 0, produced: 0, state: hasBlock ? .ended : .damaged)
        }
        let part = input.prefix(size + 4 - before)
        held += part
        guard held.count == size + 4 else {
            return DecoderStep(consumed: part.count, produced: 0, state: .more)
        }
        guard let unpacked = LZ4Block.unpacked(held[4...], limit: Self.blockSize) else {
            return DecoderStep(
                consumed: hasBlock ? -before : part.count, produced: 0, state: hasBlock ? .ended : .damaged)
        }
        (block, taken, held, hasBlock) = (unpacked, 0, [], true)
        isLast = unpacked.count < Self.blockSize
        return deliver(into: &output, consumed: part.count)
    }

    private mutating func deliver(into output: inout [UInt8], consumed: Int) -> DecoderStep {
        let part = block[taken...].prefix(output.count)
        output.replaceSubrange(0..<part.count, with: part)
        taken += part.count
        return DecoderStep(
            consumed: consumed, produced: part.count, state: isLast && taken == block.count ? .ended : .more)
    }
}

/// A raw LZ4 block.
enum LZ4Block {
    /// Decodes a block; nil if it is damaged or has more output.
    static func unpacked(_ packed: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        guard let size = Int32(exactly: packed.count), let room = Int32(exactly: limit), limit > 0 else { return nil }
        let unpacked = unsafe [UInt8](unsafeUninitializedCapacity: limit) { output, count in
            let got = unsafe packed.withUnsafeBufferPointer { input in
                unsafe input.withMemoryRebound(to: CChar.self) { input in
                    unsafe output.withMemoryRebound(to: CChar.self) { output in
                        unsafe LZ4_decompress_safe(input.baseAddress, output.baseAddress, size, room)
                    }
                }
            }
            count = max(0, Int(got))
        }
        return unpacked.isEmpty ? nil : unpacked
    }
}
