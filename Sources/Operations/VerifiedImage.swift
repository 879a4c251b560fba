import BackupBags
import FlashModel
import LocalFiles
import SystemPackage

/// A file of a backup that returns bytes only while they are unchanged since verification. A failing USB stick, or a
/// program that copies files, may change them before they are written to a board.
struct VerifiedImage: Sendable {
    /// The checksums of a file, computed during its verification.
    struct Sums: Sendable {
        /// The number of bytes in each checksum. The read size and most erase blocks are multiples of it.
        static let step = 64 << 10

        private var digests: [Digest] = []
        /// The size of the file in bytes.
        private(set) var size = 0

        /// Adds the next bytes. Only the last call may add a number that is not a multiple of ``step``.
        mutating func add(_ bytes: ArraySlice<UInt8>) {
            var rest = bytes
            while !rest.isEmpty {
                digests.append(StreamingChecksum.digest(of: rest.prefix(Self.step), .sha256))
                rest = rest.dropFirst(Self.step)
            }
            size += bytes.count
        }

        /// Whether bytes are unchanged since verification.
        ///
        /// - Parameter offset: in bytes, a multiple of ``step``.
        func hold(_ bytes: ArraySlice<UInt8>, at offset: Int) -> Bool {
            let number = offset / Self.step
            return digests.indices.contains(number) && digests[number] == StreamingChecksum.digest(of: bytes, .sha256)
        }
    }

    private let file: OpenFile
    private let sums: Sums

    init(_ file: OpenFile, _ sums: Sums) {
        self.file = file
        self.sums = sums
    }

    /// Reads a range.
    ///
    /// - Throws: `bagDamaged` if the bytes have changed since verification, `fileUnavailable`.
    func bytes(_ range: Range<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        // Thousands of small headers are read, so the buffer is no larger than the steps that contain the range.
        let steps = range.count / Sums.step + 2
        var buffer = [UInt8](repeating: 0, count: min(1 << 20, steps * Sums.step))
        try stream(range, buffer: &buffer) { bytes += $0 }
        return bytes
    }

    /// Computes one checksum over the concatenated bytes of ranges.
    ///
    /// - Throws: as ``bytes(_:)``.
    func checksum(_ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>], buffer: inout [UInt8]) throws -> Digest {
        var sum = StreamingChecksum(algorithm)
        for range in ranges { try stream(range, buffer: &buffer) { sum.update($0) } }
        return sum.finalize()
    }

    /// Reads a range in parts.
    ///
    /// - Parameter buffer: at least ``Sums/step`` long.
    private func stream(
        _ range: Range<Int>, buffer: inout [UInt8], each: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        let step = Sums.step
        guard !range.isEmpty else { return }
        guard range.lowerBound >= 0, range.upperBound <= sums.size, buffer.count >= step else {
            throw changed(at: range)
        }
        // Reads whole steps, because only these have checksums.
        var place = range.lowerBound / step * step
        while place < range.upperBound {
            let wanted = min(
                buffer.count / step * step, min(sums.size, (range.upperBound + step - 1) / step * step) - place)
            guard try file.read(into: &buffer, count: wanted, at: place) == wanted else { throw changed(at: range) }
            for start in stride(from: 0, to: wanted, by: step) {
                let part = buffer[start..<min(wanted, start + step)]
                guard sums.hold(part, at: place + start) else {
                    throw changed(at: place + start..<place + start + part.count)
                }
                let mine = (place + start..<place + start + part.count).clamped(to: range)
                if !mine.isEmpty { try each(buffer[mine.shifted(by: -place)]) }
            }
            place += wanted
        }
    }

    private func changed(at range: Range<Int>) -> FlashkeepError {
        FlashkeepError(
            .bagDamaged, what: "The backup changed since it was verified: \(PlainText.line(file.path.string)).",
            why:
                "Its bytes from \(ByteCount.hex(range.lowerBound)) on differ from those that were checked before.",
            next:
                "None of them were used. Use another copy of the backup, from another disk, and run the same command "
                + "again.")
    }
}
