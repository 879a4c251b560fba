private import CLZMA

/// .xz and LZMA_Alone streams by liblzma.
@safe final class LZMADecoder: StreamDecoder {
    private let stream: UnsafeMutablePointer<lzma_stream>

    /// - Returns: nil if there is no memory.
    init?(isAlone: Bool) {
        unsafe stream = .allocate(capacity: 1)
        // LZMA_STREAM_INIT is all zero.
        unsafe stream.initialize(to: lzma_stream())
        let limit = UInt64(Unpacking.windowLimit)
        let status =
            unsafe isAlone ? lzma_alone_decoder(stream, limit) : lzma_stream_decoder(stream, limit, 0)
        guard status == LZMA_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        unsafe lzma_end(stream)
        unsafe stream.deallocate()
    }

    func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep {
        let room = output.count
        let status = unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.pointee.next_in = input.baseAddress
                unsafe stream.pointee.avail_in = input.count
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = output.count
                return unsafe lzma_code(stream, LZMA_RUN)
            }
        }
        let consumed = unsafe input.count - stream.pointee.avail_in
        let produced = unsafe room - stream.pointee.avail_out
        let state: DecoderStep.State =
            switch status {
            case LZMA_OK, LZMA_BUF_ERROR, LZMA_NO_CHECK, LZMA_GET_CHECK: .more
            case LZMA_STREAM_END: .ended
            case LZMA_MEM_ERROR, LZMA_MEMLIMIT_ERROR, LZMA_OPTIONS_ERROR, LZMA_UNSUPPORTED_CHECK: .unsupported
            default: .damaged
            }
        return DecoderStep(consumed: consumed, produced: produced, state: state)
    }
}
