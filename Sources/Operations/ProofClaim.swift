import BackupBags
import FlashModel

/// A checksum that a manifest says the board had computed over the flash, and the bytes of the image that it is of: so
/// that a verification need not believe it.
struct ProofClaim: Sendable {
    /// As the manifest has it.
    let digest: Digest
    /// Bytes of the file that it may be of: one of these lists is right.
    private let candidates: [[Range<Int>]]
    private var sums: [StreamingChecksum]
    /// Whether it is the SHA-256 of the whole file, which a verification computes anyway.
    private let isOfFile: Bool

    /// What an image's proof claims; empty where it names no checksum.
    static func all(of image: ImageRecord, formatVersion: Int) -> [ProofClaim] {
        let whole = image.proof.checksum.map { [ProofClaim($0, image, within: 0..<image.size, formatVersion)] } ?? []
        guard let parts = image.proof.parts else { return whole }
        return whole + parts.map { ProofClaim($0.checksum, image, within: $0.range, formatVersion) }
    }

    /// Whether an image that is called proven by the board's checksums has them for all of its bytes that mean anything.
    static func covers(_ image: ImageRecord, formatVersion: Int) -> Bool {
        guard image.proof.isSubstantiated(formatVersion: formatVersion) else { return false }
        guard image.proof.checksum == nil, let parts = image.proof.parts else { return true }
        let meaningless = image.blocks.filter { $0.state.isBad || $0.state.isDamage }.map(\.range)
        return PartitionMap.gaps(in: 0..<image.size, leaving: parts.map(\.range) + meaningless).isEmpty
    }

    private init(_ digest: Digest, _ image: ImageRecord, within whole: Range<Int>, _ formatVersion: Int) {
        self.digest = digest
        let bad = image.blocks.filter(\.state.isBad)
        let damaged = image.blocks.filter(\.state.isDamage)
        let good = [whole].removing(bad.map(\.range))
        candidates =
            [good.removing(damaged.map(\.range))]
            // Flashkeep 0.1 took the sum before a second read found what the ECC could not repair.
            + (formatVersion == 1 && !damaged.isEmpty ? [good] : [])
        isOfFile = digest.algorithm == .sha256 && candidates == [[0..<image.size]]
        sums = candidates.map { _ in StreamingChecksum(digest.algorithm) }
    }

    /// Takes bytes of the file in, in their order.
    mutating func add(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        guard !isOfFile else { return }
        let all = offset..<offset + bytes.count
        for (number, ranges) in candidates.enumerated() {
            for range in ranges {
                let mine = range.clamped(to: all)
                if !mine.isEmpty {
                    let start = bytes.startIndex + mine.lowerBound - offset
                    sums[number].update(bytes[start..<start + mine.count])
                }
            }
        }
    }

    /// What is right instead; nil where the claim is true.
    ///
    /// - Parameter file: the SHA-256 of the whole file.
    func contradiction(file: Digest) -> Digest? {
        let found = isOfFile ? [file] : sums.map { $0.finalize() }
        return found.contains(digest) ? nil : found.first
    }
}
