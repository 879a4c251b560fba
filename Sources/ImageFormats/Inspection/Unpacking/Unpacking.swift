/// Decompression with bounds, by the libraries of the system.
///
/// Bombs are named and not followed: the output is limited, and so is its ratio to the input.
package enum Unpacking {
    /// The most bytes that may come out of a stream that is decoded only to prove it.
    package static let proofLimit = 512 << 20
    /// The most memory in bytes that a decoder may take for its window. `xz -9` uses 64 MiB; kernels use up to 32 MiB.
    static let windowLimit = 80 << 20
    /// The largest ratio of output to input that is followed beyond ``ratioStart`` bytes of output.
    ///
    /// Deflate reaches at most 1032 (zlib's documentation). Kernels and root file systems are below 20.
    private static let ratio = 400
    private static let ratioStart = 4 << 20
    private static let bufferSize = 64 << 10

    package enum Ending: Sendable, Hashable {
        /// The stream ended as its format demands, checksums included.
        case complete
        /// The output reached the limit.
        case limited
        /// More output for its input than any honest content: not followed.
        case bomb
        /// The input ended before the stream did.
        case truncated
        /// Not a valid stream.
        case damaged
        /// Valid so far, but it needs a feature or an amount of memory that is not provided.
        case unsupported
    }

    package struct Result: Sendable, Hashable {
        package var ending: Ending
        /// Bytes of input that the stream took; its size if it is complete.
        package var consumed: Int
        /// Bytes of output.
        package var produced: Int
    }

    /// Decodes a stream.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of output.
    ///   - read: fills the beginning of a buffer; returns 0 at the end of the input.
    ///   - write: takes output; returns false to stop with `limited`.
    /// - Throws: what `read` throws.
    package static func run(
        _ method: UnpackMethod, limit: Int, read: (inout [UInt8]) throws -> Int, write: (ArraySlice<UInt8>) -> Bool
    ) throws -> Result {
        guard var decoder = decoder(method) else { return Result(ending: .unsupported, consumed: 0, produced: 0) }
        var input = [UInt8](repeating: 0, count: bufferSize)
        var output = [UInt8](repeating: 0, count: bufferSize)
        var (consumed, produced) = (0, 0)
        while true {
            let count = try read(&input)
            var place = 0
            // Once more with no input at its end, so that the decoder can say whether anything is missing.
            repeat {
                let step = decoder.step(input[place..<count], into: &output)
                place += step.consumed
                consumed += step.consumed
                produced += step.produced
                func result(_ ending: Ending) -> Result {
                    Result(ending: ending, consumed: consumed, produced: produced)
                }
                if step.produced > 0 {
                    guard write(output[0..<step.produced]) else { return result(.limited) }
                    if produced > limit { return result(.limited) }
                    if produced > ratioStart, produced / ratio > consumed { return result(.bomb) }
                }
                switch step.state {
                case .more: break
                case .ended: return result(.complete)
                case .damaged: return result(.damaged)
                case .unsupported: return result(.unsupported)
                }
                if count == 0, step.produced == 0 { return result(.truncated) }
                if step.consumed == 0, step.produced == 0, place < count { return result(.damaged) }
                if step.produced < output.count, place == count { break }
            } while true
        }
    }

    /// Decodes bytes in memory; nil unless the stream is complete and within the limit.
    package static func bytes(_ method: UnpackMethod, _ packed: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        var rest = packed
        var whole: [UInt8] = []
        // In memory, nothing throws.
        let result = try? run(
            method, limit: limit,
            read: { buffer in
                let part = rest.prefix(buffer.count)
                buffer.replaceSubrange(0..<part.count, with: part)
                rest = rest.dropFirst(part.count)
                return part.count
            },
            write: {
                whole += $0
                return true
            })
        return result?.ending == .complete ? whole : nil
    }

    private static func decoder(_ method: UnpackMethod) -> (any StreamDecoder)? {
        switch method {
        case .gzip: ZlibDecoder(isGzip: true)
        case .zlib: ZlibDecoder(isGzip: false)
        case .xz: LZMADecoder(isAlone: false)
        case .lzma: LZMADecoder(isAlone: true)
        case .zstd: ZstdDecoder()
        case .lz4: LZ4FrameDecoder()
        case .lz4Legacy: LZ4LegacyDecoder()
        }
    }
}
