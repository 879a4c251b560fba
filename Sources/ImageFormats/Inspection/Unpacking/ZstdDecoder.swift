private import CZstd

/// Zstandard frames by libzstd.
@safe final class ZstdDecoder: StreamDecoder {
    private let stream: OpaquePointer
    /// 2^26 bytes: `zstd --ultra -21`. Kernels use 2^27 at most for `-22`, which Linux's own builds do not.
    private static let windowLog: Int32 = 26

    /// - Returns: nil if there is no memory.
    init?() {
        guard let stream = unsafe ZSTD_createDCtx() else { return nil }
        unsafe self.stream = stream
        _ = unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { unsafe ZSTD_freeDCtx(stream) }

    func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep {
        var (consumed, produced) = (0, 0)
        let status = unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                let status = unsafe ZSTD_decompressStream(stream, &target, &source)
                unsafe (consumed, produced) = (source.pos, target.pos)
                return status
            }
        }
        guard ZSTD_isError(status) == 0 else {
            let code = ZSTD_getErrorCode(status)
            let isTooLarge = code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_memory_allocation
            return DecoderStep(
                consumed: consumed, produced: produced, state: isTooLarge ? .unsupported : .damaged)
        }
        // 0: a frame ended, and all of it was put out. An empty input is no frame.
        let hasEnded = status == 0 && (consumed > 0 || produced > 0)
        return DecoderStep(consumed: consumed, produced: produced, state: hasEnded ? .ended : .more)
    }
}
