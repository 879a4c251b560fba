private import CLZ4

/// LZ4 frames by liblz4.
@safe final class LZ4FrameDecoder: StreamDecoder {
    private let context: OpaquePointer

    /// - Returns: nil if there is no memory.
    init?() {
        var context: OpaquePointer?
        let status = unsafe LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(status) == 0, let context = unsafe context else { return nil }
        unsafe self.context = context
    }

    deinit { unsafe LZ4F_freeDecompressionContext(context) }

    func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep {
        var (consumed, produced) = (input.count, output.count)
        let status = unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe LZ4F_decompress(
                    context, output.baseAddress, &produced, input.baseAddress, &consumed, nil)
            }
        }
        guard LZ4F_isError(status) == 0 else { return DecoderStep(consumed: 0, produced: 0, state: .damaged) }
        let hasEnded = status == 0 && (consumed > 0 || produced > 0)
        return DecoderStep(consumed: consumed, produced: produced, state: hasEnded ? .ended : .more)
    }
}
