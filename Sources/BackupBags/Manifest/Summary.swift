import FlashModel

/// A backup at a glance: whether it is whole, and how it is proven.
///
/// It trusts no statement of a manifest that the rest does not support: what is in the backup is computed from the
/// images and gaps, and any unknown keeps a backup from being whole.
package struct Summary: Sendable, Codable, Hashable {
    /// Whether every byte of the board's flash is known to be in the backup, and readable.
    package var isWhole: Bool
    /// Whether everything that was asked for is known to be in the backup, and readable. Of a backup of all partitions this
    /// is ``isWhole``.
    package var isComplete: Bool
    /// Whether every image was checked, and agreed.
    package var isProven: Bool
    /// What is missing or damaged, one sentence each without a full stop.
    package var missing: [String]
    /// What is unknown about the board's flash, one sentence each without a full stop: it may be missing.
    package var unknown: [String]
    /// Why images are not proven, one sentence each without a full stop; empty if all are.
    package var doubts: [String]
    /// Storage of the board that no backup contains, such as an eMMC: type and size, one line each; nil if
    /// undetermined.
    package var otherStorage: [String]?
    /// A sentence on whether it is whole; ends with a colon if ``missing`` or ``unknown`` follow.
    package var wholeness: String
    /// A sentence on whether it is proven; ends with a colon if ``doubts`` follow.
    package var provenness: String

    /// What keeps it from being whole, one sentence each without a full stop; empty if it is whole.
    package var lacks: [String] { missing + unknown }

    /// A sentence that names the storage that no backup contains; nil if none is known.
    package var storageSentence: String? {
        guard let otherStorage, !otherStorage.isEmpty else { return nil }
        return "Not in it, because it is not MTD flash: \(otherStorage.joined(separator: ", "))."
    }

    /// The whole summary as sentences, for `backup`, `verify` and `info`.
    package var sentences: [String] {
        [wholeness] + lacks.map { "\($0)." } + [storageSentence].compactMap { $0 } + [provenness]
            + doubts.map { "\($0)." }
    }

    /// Summarises a manifest.
    package init(of manifest: Manifest) {
        missing = Self.missing(in: manifest)
        unknown = Self.unknowns(in: manifest).map { PrintableText.again($0.text, asciiOnly: true) }
        doubts = Self.doubts(in: manifest)
        otherStorage = manifest.otherStorage?.map(\.text)
        let isEmpty = !manifest.images.contains { $0.size > 0 }
        isComplete = missing.isEmpty && unknown.isEmpty && !isEmpty
        isWhole = isComplete && manifest.capture.only == nil
        isProven = doubts.isEmpty && !isEmpty
        wholeness =
            if let only = manifest.capture.only, !isEmpty {
                Self.wholeness(of: only.map(PlainText.line), isComplete: isComplete, lacks: !missing.isEmpty)
            } else if isWhole {
                "The backup is whole: it has all of the flash that the board shows."
            } else if isEmpty {
                "The backup is not whole: it is empty" + (missing.isEmpty && unknown.isEmpty ? "." : ":")
            } else if missing.isEmpty {
                "The backup may not be whole:"
            } else {
                "The backup is not whole:"
            }
        let proven = manifest.images.count { Self.isProven($0.proof, manifest) }
        if manifest.images.isEmpty {
            provenness = "It has no images."
        } else if isProven {
            provenness = "It is proven: \(Self.proof(in: manifest))."
        } else if proven == 0 {
            provenness = "It is not proven" + (doubts.isEmpty ? "." : ":")
        } else {
            provenness = "\(proven) of \(manifest.images.count) images are proven; these are not:"
        }
    }

    private static func wholeness(of only: [String], isComplete: Bool, lacks: Bool) -> String {
        let list = only.joined(separator: ", ")
        return isComplete
            ? "The backup has all that was asked for: \(list). The rest of the flash is not in it."
            : "The backup \(lacks ? "lacks" : "may lack") some of what was asked for (\(list)):"
    }

    /// What is unknown of the flash that was asked for.
    private static func unknowns(in manifest: Manifest) -> [FlashUnknown] {
        guard manifest.capture.only != nil else { return manifest.unknowns }
        let kept = Set(manifest.partitions.filter { $0.view != nil }.map(\.index))
        return manifest.unknowns.filter { $0.partition.map(kept.contains) ?? false }
    }

    private static func missing(in manifest: Manifest) -> [String] {
        var lines: [String] = []
        let isPartial = manifest.capture.only != nil
        for partition in manifest.partitions where partition.view == nil && partition.size > 0 {
            if isPartial, partition.reason == CoverGap.notAskedFor { continue }
            // A UBI volume shown as an MTD device has no flash of its own: its bytes are in the underlying device.
            if partition.partition.isView { continue }
            let reason = PlainText.line(partition.reason ?? "no reason was recorded")
            lines.append("\(partition.title) (\(ByteCount.text(partition.size))) is not in it: \(reason)")
        }
        for gap in manifest.gaps where !(isPartial && gap.reason == CoverGap.notAskedFor) {
            guard let size = gap.size else {
                // For a chip of unknown size, ``unknown`` already says so.
                if manifest.chip(gap.chip)?.exactSize != nil {
                    lines.append(
                        "anything beyond \(ByteCount.hex(gap.offset)) of \(chip(gap.chip)) is not in it: "
                            + "\(PlainText.line(gap.reason))"
                    )
                }
                continue
            }
            lines.append(
                "\(ByteCount.text(size)) at \(ByteCount.hex(gap.offset)) of \(chip(gap.chip)) are not in it: \(PlainText.line(gap.reason))"
            )
        }
        lines += unaccounted(in: manifest)
        for image in manifest.images {
            for (state, words) in [
                (BlockState.unread, "could not be read and are 0xFF in the file"),
                (.eccFailed, "had more bit errors than the ECC can correct"),
                (.unstable, "differed between two reads"),
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

    /// Bytes of chips that are in no image and in no gap. If they may belong to partitions of unknown place, they are
    /// unknown, not missing.
    private static func unaccounted(in manifest: Manifest) -> [String] {
        let placeless = Set(manifest.unknowns.filter { $0.subject == .partitionPlace }.compactMap(\.chip))
        let ranges = Dictionary(grouping: zip(manifest.images, manifest.chipRanges), by: \.0.chip)
        let gapsOfChips = Dictionary(grouping: manifest.gaps, by: \.chip)
        return manifest.chips.filter { !placeless.contains($0.id) }.flatMap { chip -> [String] in
            let images = ranges[chip.id, default: []].compactMap(\.1)
            let gaps = gapsOfChips[chip.id, default: []].compactMap { gap in
                gap.offset.plus(gap.size ?? Manifest.largestNumber).map { gap.offset..<max(gap.offset, $0) }
            }
            return PartitionMap.gaps(in: 0..<(chip.exactSize ?? chip.leastSize), leaving: images + gaps).map { range in
                "\(ByteCount.text(range.count)) at \(ByteCount.hex(range.lowerBound)) of \(Self.chip(chip.id)) are not "
                    + "in it: the backup has no image of them, and does not say why"
            }
        }
    }

    /// Whether a proof records what it was made against.
    private static func isProven(_ proof: Proof, _ manifest: Manifest) -> Bool {
        proof.result == .proven && proof.isSubstantiated(formatVersion: manifest.formatVersion)
    }

    private static func doubts(in manifest: Manifest) -> [String] {
        manifest.images.compactMap { image in
            let words: String
            switch image.proof.result {
            case .proven:
                if isProven(image.proof, manifest) { return nil }
                words = "is called proven, but without any evidence"
            case .changed: words = "was changed by the running system while it was being read"
            case .unstable: words = "differed between two reads, although no write was observed"
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
        if byChecksum.isEmpty { return "every image was read twice, and both reads agreed" }
        return "\(byChecksum.count) images have \(checksum), the others were read twice, and both reads agreed"
    }

    /// Ids made up by the survey already begin with the word "chip".
    private static func chip(_ id: String) -> String {
        id.hasPrefix("chip") ? PlainText.line(id) : "chip \(PlainText.line(id))"
    }

    /// The image's name for people: its largest partition.
    private static func title(of image: ImageRecord, in manifest: Manifest) -> String {
        let views = manifest.partitions.filter { $0.view?.image == image.path }
        guard let whole = views.max(by: { $0.size < $1.size }) else { return PlainText.line(image.path) }
        return whole.title
    }
}
