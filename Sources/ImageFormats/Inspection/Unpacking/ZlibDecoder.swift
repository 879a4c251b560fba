private import CZlib

/// zlib and gzip streams by zlib.
@safe final class ZlibDecoder: StreamDecoder {
    /// Allocated, because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Returns: nil if there is no memory.
    init?(isGzip: Bool) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe isGzip ? flashkeep_inflate_init_gzip(stream) : flashkeep_inflate_init_zlib(stream)
        guard status == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func step(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> DecoderStep {
        let room = output.count
        let status = unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: input.count)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: output.count)
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        let consumed = unsafe input.count - Int(stream.pointee.avail_in)
        let produced = unsafe room - Int(stream.pointee.avail_out)
        let state: DecoderStep.State =
            switch status {
            case Z_OK, Z_BUF_ERROR: .more
            case Z_STREAM_END: .ended
            case Z_MEM_ERROR, Z_NEED_DICT: .unsupported
            default: .damaged
            }
        return DecoderStep(consumed: consumed, produced: produced, state: state)
    }
}
