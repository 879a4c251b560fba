import FlashModel

/// What a person wants to know of a backup first: whether it is whole, and how it is known to be right.
package struct Summary: Sendable, Codable, Hashable {
    /// Whether every byte of flash that is known of is in it, and readable.
    package var isWhole: Bool
    /// Whether every image was checked, and was the same.
    package var isProven: Bool
    /// What is missing or damaged, one sentence each without a full stop; empty where it is whole.
    package var missing: [String]
    /// Why an image is not proven, one sentence each without a full stop; empty where all are.
    package var doubts: [String]
    /// Whether it is whole, in a sentence; ends with a colon where ``missing`` follows.
    package var wholeness: String
    /// Whether it is proven, in a sentence; ends with a colon where ``doubts`` follow.
    package var provenness: String

    /// All of that in plain sentences, for `backup`, `verify` and `info`.
    package var sentences: [String] {
        [wholeness] + missing.map { "\($0)." } + [provenness] + doubts.map { "\($0)." }
    }

    /// Looks through a manifest.
    package init(of manifest: Manifest) {
        missing = Self.missing(in: manifest)
        doubts = Self.doubts(in: manifest)
        isWhole = missing.isEmpty
        isProven = doubts.isEmpty && !manifest.images.isEmpty
        wholeness =
            isWhole
            ? "The backup is whole: everything that the board shows of its flash is in it."
            : "The backup is not whole:"
        let proven = manifest.images.count { $0.proof.result == .proven }
        if manifest.images.isEmpty {
            provenness = "It holds no images."
        } else if isProven {
            provenness = "It is proven: \(Self.proof(in: manifest))."
        } else if proven == 0 {
            provenness = "It is not proven:"
        } else {
            provenness = "\(proven) of \(manifest.images.count) images are proven; the others are not:"
        }
    }

    private static func missing(in manifest: Manifest) -> [String] {
        var lines: [String] = []
        for partition in manifest.partitions where partition.view == nil && partition.size > 0 {
            // A UBI volume shown as an MTD device has no flash of its own: its bytes are in the device below.
            if partition.partition.isUBIVolume { continue }
            let reason = PlainText.line(partition.reason ?? "no reason was noted")
            lines.append("\(partition.title) (\(ByteCount.text(partition.size))) is not in it: \(reason)")
        }
        for gap in manifest.gaps {
            lines.append(
                "\(ByteCount.text(gap.size)) at \(ByteCount.hex(gap.offset)) of \(chip(gap.chip)) are not in it: \(PlainText.line(gap.reason))"
            )
        }
        for image in manifest.images {
            for (state, words) in [
                (BlockState.unread, "could not be read and are 0xFF in the file"),
                (.eccFailed, "had more wrong bits than their ECC can repair"),
                (.unstable, "were not the same twice"),
            ] {
                let runs = image.blocks.filter { $0.state == state }
                guard let first = runs.first else { continue }
                let bytes = runs.map(\.size).saturatingSum()
                let places = runs.count == 1 ? "at" : "in \(runs.count) places, the first at"
                lines.append(
                    "\(ByteCount.text(bytes)) of \(title(of: image, in: manifest)) \(words), \(places) \(ByteCount.hex(first.offset))"
                )
            }
        }
        return lines
    }

    private static func doubts(in manifest: Manifest) -> [String] {
        manifest.images.compactMap { image in
            let words: String
            switch image.proof.result {
            case .proven: return nil
            case .changed: words = "was written to by the running system while it was read"
            case .unstable: words = "was not the same twice, and nothing was seen to write to it"
            case .unproven: words = "was not checked against anything"
            }
            let note = image.proof.notes.first.map { ": \(PlainText.line($0))" } ?? ""
            return "\(title(of: image, in: manifest)) \(words)\(note)"
        }
    }

    private static func proof(in manifest: Manifest) -> String {
        let byChecksum = manifest.images.filter { $0.proof.against == .boardChecksum }
        let algorithms = Set(byChecksum.compactMap { $0.proof.checksum?.algorithm.rawValue }).sorted()
        let checksum =
            "the board's own checksums" + (algorithms.isEmpty ? "" : " (\(algorithms.joined(separator: ", ")))")
        if byChecksum.count == manifest.images.count { return "every image has \(checksum)" }
        if byChecksum.isEmpty { return "every image was read twice and was the same" }
        return "\(byChecksum.count) images have \(checksum), the others were read twice and were the same"
    }

    /// Ids that the survey made up begin with that word already.
    private static func chip(_ id: String) -> String {
        id.hasPrefix("chip") ? PlainText.line(id) : "chip \(PlainText.line(id))"
    }

    /// The image as a person knows it: by the partition that it is.
    private static func title(of image: ImageRecord, in manifest: Manifest) -> String {
        let views = manifest.partitions.filter { $0.view?.image == image.path }
        guard let whole = views.max(by: { $0.size < $1.size }) else { return PlainText.line(image.path) }
        return whole.title
    }
}
