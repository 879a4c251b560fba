package import BackupBags
package import FlashModel
package import Operations
import SystemPackage
package import TestBoards
import TestSupport

/// Checks whether a backup holds the contents of a simulated board's flash.
package enum BagCheck {
    /// The problems, one per line; empty if there are none.
    ///
    /// Bytes whose findings say that they mean nothing are not compared; bad blocks must be 0xFF and listed.
    ///
    /// - Parameter expected: the correct bytes of an MTD device, 0xFF in its bad blocks; nil if they are unknown.
    package static func problems(
        _ report: BackupReport, expected: (PartitionRecord) -> [UInt8]?
    ) -> [String] {
        var problems: [String] = []
        for record in report.manifest.partitions {
            guard let view = record.view, let image = report.manifest.image(view.image) else { continue }
            guard let bytes = expected(record) else { continue }
            let file = ScratchFolder.read(FilePath(report.bag).appending(image.path))
            guard file.count == image.size, StreamingChecksum.digest(of: file, .sha256).hex == image.sha256 else {
                problems.append("\(image.path) has not the bytes of the manifest")
                continue
            }
            guard image.representation == .data, view.offset + bytes.count <= file.count else {
                problems.append("\(image.path) does not hold mtd\(record.index)")
                continue
            }
            let excused = image.blocks.filter { $0.state.isDamage || $0.state == .changed }
                .map { $0.range.lowerBound - view.offset..<$0.range.upperBound - view.offset }
            let wrong = bytes.indices.first { place in
                bytes[place] != file[view.offset + place] && !excused.contains { $0.contains(place) }
            }
            if let wrong {
                problems.append(
                    "mtd\(record.index) differs at \(ByteCount.hex(wrong)) though its image is \(image.proof.result)")
            }
        }
        return problems
    }

    /// The same, for a simulated board.
    package static func problems(_ report: BackupReport, _ hardware: SimulatedHardware) -> [String] {
        var problems = problems(report) { hardware.expected($0.index) }
        for image in report.manifest.images where image.representation == .data {
            guard let offset = image.offset, let flash = hardware.chips[image.chip] else { continue }
            let block = flash.chip.eraseBlockSize
            let bad = flash.badBlocks.map { $0 * block - offset }.filter { $0 >= 0 && $0 < image.size }.sorted()
            if bad != image.badBlocks { problems.append("\(image.path) has the bad blocks \(image.badBlocks)") }
        }
        return problems
    }

    /// The ranges of a chip with findings of this state.
    package static func places(_ report: BackupReport, _ state: BlockState, chip: String) -> [Range<Int>] {
        report.manifest.images.filter { $0.chip == chip && $0.representation == .data }.flatMap { image in
            image.blocks.filter { $0.state == state }.map {
                $0.range.lowerBound + (image.offset ?? 0)..<$0.range.upperBound + (image.offset ?? 0)
            }
        }
    }
}
