import FlashModel

/// How one partition is restored, or why it must not be.
struct RestoreSteps {
    let manifest: Manifest
    let partition: PartitionRecord
    let image: ImageRecord
    let range: Range<Int>
    /// nil if nobody said how it is written.
    let procedure: ManualProcedure?
    /// The ways to write that the text explains.
    let methods: [ManualProcedure.Method]

    private var isWholeImage: Bool { range == 0..<image.size }

    /// The file with exactly this partition, as made by the commands of section 3.
    private var fileName: String {
        if isWholeImage { return image.path.split(separator: "/").last.map(String.init) ?? image.path }
        return ImageName.file(partition.label, name: partition.name)
    }

    func lines() -> [String] {
        if let reason = Self.refusal(of: partition, in: manifest) { return ["Do not write it by hand: \(reason)."] }
        let place =
            isWholeImage ? "`\(image.path)`, SHA-256 `\(image.sha256)`" : "`\(fileName)`, cut out as in section 3"
        let file = "File: \(place), \(partition.size) bytes."
        switch procedure {
        case nil: return warnings() + [file + " There are no commands for it."]
        case .impossible(let why, let next):
            let reason = RestoreText.kept(why)
            return warnings() + [
                file, "",
                "The system that ran when this backup was made cannot write it: \(reason). Instead, \(RestoreText.kept(next)).",
            ]
        case .commands(let method, let lines, let notes):
            func filled(_ line: String) -> String { ManualProcedure.line(line, file: fileName) }
            let number = methods.firstIndex(of: method) ?? 0
            let way = methods.count > 1 ? " Write it as in section 5, \(RestoreText.letter(number)):" : ""
            return warnings() + notes.flatMap { [RestoreText.kept(filled($0)), ""] } + [file + way, ""]
                + RestoreText.code(lines.map(filled))
        }
    }

    // MARK: Refusing

    /// Why a partition must not be written from its file, whatever the commands; nil if nothing is against it.
    static func refusal(of partition: PartitionRecord, in manifest: Manifest) -> String? {
        guard let (image, range) = manifest.view(of: partition) else { return "the backup does not have it" }
        if let first = manifest.findings(of: partition).first(where: { $0.state.isDamage }) {
            return
                "its file has damaged or unread bytes, the first at \(ByteCount.hex(first.offset)) of the partition. "
                + "The original bytes are unknown"
        }
        if image.proof.result == .unstable {
            return "two reads of it differed, and it is unknown which of them is right"
        }
        if image.representation == .dataWithOOB {
            return
                "its file has pages with their OOB bytes, which can be restored only with a programmer, or a driver "
                + "that is known to write them unchanged"
        }
        if partition.partition.isUBIVolume {
            return "it is UBI's view of a volume. Write the partition that UBI is attached to instead"
        }
        if partition.partition.isView { return "the kernel puts it together of other partitions. Write those instead" }
        if !partition.partition.mayBeFlash { return "it is not flash (\(RestoreText.quoted(partition.type)))" }
        let block = partition.eraseBlockSize
        // A guessed offset proves nothing.
        let start = partition.partition.isPlaced ? partition.offset : nil
        if block <= 0 || partition.size % block != 0 || start.map({ $0 % block != 0 }) == true {
            return "it does not begin and end at erase block boundaries, so its neighbours would be erased with it"
        }
        let isNAND = partition.partition.kind.isNAND || manifest.chip(partition.chip)?.kind.isNAND ?? false
        if isNAND, partition.pageSize <= 1 || block % partition.pageSize != 0 { return "its page size is unknown" }
        // The commands leave out the blocks that were known to be bad, and the file has holes for these.
        let known = Set((partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? []))
        let holes = image.badBlocks.filter { range.contains($0) }.map { ($0 - range.lowerBound) / block }
        if !known.isSuperset(of: holes) { return "its file has holes for bad blocks that are not listed" }
        return nil
    }

    // MARK: Warning

    private func warnings() -> [String] {
        var lines: [String] = []
        switch partition.role {
        case .bootloader:
            lines.append(
                "**This is the bootloader. If this goes wrong, the board no longer starts.** Write it only if it is broken and you have a way to recover, such as a chip programmer; write it last, and separately."
            )
        case .calibration:
            lines.append(
                "**This is calibration data: write it only to the unit that it was read from**, whose MAC addresses are at the top of this text."
            )
        case .environment, .firmware, .config, .unknown: break
        }
        if partition.source == .wholeChip, partition.role != .bootloader {
            lines.append(
                "**This is the whole chip, with everything on it, including any bootloader and calibration data.** If this goes wrong, the board no longer starts. Write it only to the unit that it was read from."
            )
        }
        if partition.isWritable == false {
            lines.append(
                "It was read-only in the system that ran when this backup was made. If that system cannot write it, start one in which it is writable, such as an initramfs made for this purpose."
            )
        }
        if !partition.uses.isEmpty {
            lines.append(
                "It was in use when this backup was made: \(partition.uses.map(RestoreText.quoted).joined(separator: ", ")). It must not be in use when you write it."
            )
        }
        if let ubi = manifest.ubi.first(where: { $0.mtd == partition.index }) {
            lines.append(
                "It was attached as ubi\(ubi.index). Write it from a system that runs from RAM; if it is attached there too, detach it first (`ubidetach`). Write all of it: blocks of the old volumes and of the new ones must not be mixed."
            )
        }
        if image.proof.result == .changed || manifest.findings(of: partition).contains(where: { $0.state == .changed })
        {
            lines.append(
                "The running system wrote to it while it was being read, so the file may mix two states. Most flash file systems repair that when they are mounted; be prepared to start with an empty one."
            )
        }
        if image.proof.result == .unproven {
            lines.append(
                "Its file was not verified when it was read: inspect it before you trust it (`strings`, `binwalk`).")
        }
        if partition.badBlocks?.isComplete == false {
            lines.append("Its bad blocks were not known for certain.")
        }
        let overlapping = manifest.partitions.filter { overlaps($0) }
        if !overlapping.isEmpty {
            lines.append(
                "It shares bytes with \(overlapping.map(\.label).joined(separator: ", ")): write \(overlapping.count == 1 ? "one or the other" : "it or those"), never both."
            )
        }
        return lines.flatMap { [$0, ""] }
    }

    private func overlaps(_ other: PartitionRecord) -> Bool {
        guard other.index != partition.index, other.chip == partition.chip, let mine = partition.offset,
            let its = other.offset, partition.size > 0, other.size > 0
        else { return false }
        // Compare lengths instead of ends, which could overflow in a manifest.
        return mine < its ? partition.size > its - mine : other.size > mine - its
    }
}
