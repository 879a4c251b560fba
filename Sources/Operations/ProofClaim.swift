import BackupBags
import FlashModel

/// A manifest's claim that the board computed a checksum over its flash, and the bytes of the image that it covers, so
/// that a verification can check it.
struct ProofClaim: Sendable {
    /// The checksum in the manifest.
    let digest: Digest
    /// The bytes of the file that it may cover: one of these lists is right.
    private let candidates: [[Range<Int>]]
    private var sums: [StreamingChecksum]
    /// Whether it is the SHA-256 of the whole file, which a verification computes anyway.
    private let isOfFile: Bool

    /// The claims in an image's proof; empty if it has no checksum.
    static func all(of image: ImageRecord, formatVersion: Int) -> [ProofClaim] {
        let whole = image.proof.checksum.map { [ProofClaim($0, image, within: 0..<image.size, formatVersion)] } ?? []
        guard let parts = image.proof.parts else { return whole }
        return whole + parts.map { ProofClaim($0.checksum, image, within: $0.range, formatVersion) }
    }

    /// Whether an image that claims to be proven by the board's checksums has them for all meaningful bytes.
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
            // Flashkeep 0.1 computed it before a second read found damage that the ECC could not repair.
            + (formatVersion == 1 && !damaged.isEmpty ? [good] : [])
        isOfFile = digest.algorithm == .sha256 && candidates == [[0..<image.size]]
        sums = candidates.map { _ in StreamingChecksum(digest.algorithm) }
    }

    /// Adds bytes of the file, in order.
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

    /// The correct checksum if the claim is false; otherwise nil.
    ///
    /// - Parameter file: the SHA-256 of the whole file.
    func contradiction(file: Digest) -> Digest? {
        let found = isOfFile ? [file] : sums.map { $0.finalize() }
        return found.contains(digest) ? nil : found.first
    }
}
