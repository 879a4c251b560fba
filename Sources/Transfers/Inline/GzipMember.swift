private import CZlib

/// A member of a gzip stream (RFC 1952), which carries its own CRC-32 and length.
package enum GzipMember {
    /// Decompresses a member.
    ///
    /// - Parameters:
    ///   - limit: the maximum size of the result in bytes: a damaged or hostile stream must not fill the memory.
    /// - Returns: nil if the stream is damaged, too long, or followed by anything else.
    package static func unpack(_ packed: [UInt8], limit: Int) -> [UInt8]? {
        guard packed.count <= Int(UInt32.max), limit < Int(UInt32.max) else { return nil }
        var stream = unsafe z_stream()
        guard unsafe flashkeep_inflate_init_gzip(&stream) == Z_OK else { return nil }
        defer { unsafe inflateEnd(&stream) }
        var result = [UInt8](repeating: 0, count: limit + 1)
        var packed = packed
        let status = unsafe packed.withUnsafeMutableBufferPointer { source in
            unsafe result.withUnsafeMutableBufferPointer { target in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(target.count)
                return unsafe inflate(&stream, Z_FINISH)
            }
        }
        let produced = unsafe result.count - Int(stream.avail_out)
        guard status == Z_STREAM_END, produced <= limit, unsafe stream.avail_in == 0 else { return nil }
        result.removeLast(result.count - produced)
        return result
    }
}
