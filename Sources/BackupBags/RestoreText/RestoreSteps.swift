import FlashModel

/// The commands that restore one partition, or the reason why there are none.
struct RestoreSteps {
    let manifest: Manifest
    let partition: PartitionRecord
    let image: ImageRecord
    let range: Range<Int>
    /// nil if the running system was not asked.
    let procedure: WriteProcedure?

    private var device: String { "/dev/mtd\(partition.index)" }
    private var readOnlyDevice: String { "/dev/mtd\(partition.index)ro" }
    private var isWholeImage: Bool { range == 0..<image.size }
    private var tools: [String: String] { manifest.capture.tools }

    /// The file with exactly this partition, as made by the commands of section 3.
    private var fileName: String {
        if isWholeImage { return image.path.split(separator: "/").last.map(String.init) ?? image.path }
        return ImageName.file(index: partition.index, name: partition.name)
    }

    private var isNAND: Bool {
        manifest.chip(partition.chip)?.kind.isNAND ?? false || partition.type.hasSuffix("nand")
    }

    func lines() -> [String] {
        if let reason = refusal() { return ["Do not write it by hand: \(reason)."] }
        var lines = warnings() + (procedure?.lines(isUBoot: manifest.capture.way.hasPrefix("U-Boot")) ?? [])
        lines.append(
            "File: `\(fileName)`\(isWholeImage ? " in `\(BagLayout.images)/`" : " (cut it out as in section 3)"), \(partition.size) bytes. Bring it to `/tmp/` on the board."
        )
        lines += [
            "",
            "On the board; the line of `/proc/mtd` must show size `\(Self.procSize(partition.size))` and the name above:",
            "",
        ]
        lines += code(["grep '^mtd\(partition.index):' /proc/mtd", "[ -c \(device) ] && wc -c /tmp/\(fileName)"])
        return lines + (isNAND ? nandSteps() : norSteps())
    }

    // MARK: Refusing

    private func refusal() -> String? {
        let damage = manifest.findings(of: partition).filter { $0.state.isDamage }
        if let first = damage.first {
            return
                "its file has damaged or unread bytes, the first at \(ByteCount.hex(first.offset)) of the partition. What was there is not known"
        }
        if image.proof.result == .unstable {
            return "its file was not the same when it was read twice, and which of the two is right is not known"
        }
        if image.representation == .dataWithOOB {
            return
                "its file holds pages with their OOB bytes, which go back only with a programmer or a driver that is known to write them as they are"
        }
        if partition.partition.isUBIVolume {
            return "it is a view that UBI makes of a volume; write the partition below instead"
        }
        if ["ram", "rom", "absent"].contains(partition.type) { return "it is no flash (\(partition.type))" }
        if partition.isWritable == false {
            return
                "the board's kernel had it read-only. A system that lets it be written is needed, such as an initramfs made for restoring"
        }
        let block = partition.eraseBlockSize
        // A guessed offset proves nothing.
        let start = partition.partition.isPlaced ? partition.offset : nil
        if block <= 0 || partition.size % block != 0 || start.map({ $0 % block != 0 }) == true {
            return "it does not begin and end on erase blocks, so that its neighbours would be erased with it"
        }
        if isNAND, partition.pageSize <= 1 || block % partition.pageSize != 0 { return "its page size is not known" }
        return nil
    }

    private func warnings() -> [String] {
        var lines: [String] = []
        switch partition.role {
        case .bootloader:
            lines.append(
                "**The bootloader. If this goes wrong the board does not start any more.** Only if it is broken, only with a way to recover, last, and alone."
            )
        case .calibration:
            lines.append("**Calibration: only to the unit that it was read from**, whose MAC addresses are at the top.")
        case .environment, .firmware, .config, .unknown: break
        }
        if !partition.uses.isEmpty {
            lines.append(
                "It was in use: \(partition.uses.map(RestoreText.quoted).joined(separator: ", ")). It must not be when you write."
            )
        }
        if let ubi = manifest.ubi.first(where: { $0.mtd == partition.index }) {
            lines.append(
                "It was attached as ubi\(ubi.index). Detach it first, in a system that runs from RAM; after writing, every good block must hold what the file has, or the old volumes and the new ones get mixed."
            )
        }
        if image.proof.result == .changed || manifest.findings(of: partition).contains(where: { $0.state == .changed })
        {
            lines.append(
                "The running system wrote to it while it was read, so the file may mix two moments. File systems on flash mostly mend that when they are mounted; be ready to start with an empty one."
            )
        }
        if image.proof.result == .unproven {
            lines.append(
                "Its file was checked against nothing when it was read: look into it before you trust it (`strings`, `binwalk`)."
            )
        }
        let overlapping = manifest.partitions.filter { overlaps($0) }
        if !overlapping.isEmpty {
            lines.append(
                "It shares bytes with \(overlapping.map { "mtd\($0.index)" }.joined(separator: ", ")): write one or the other, never both."
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

    // MARK: NOR

    private func norSteps() -> [String] {
        var lines: [String] = []
        if tools["flashcp"] != nil {
            lines += code(["[ -c \(device) ] && flashcp -v /tmp/\(fileName) \(device)"])
            lines += ["", "(Never with `-p`.)"]
        } else {
            let blockDevice = "/dev/mtdblock\(partition.index)"
            lines += ["There is no `flashcp` on it; on NOR the block device erases by itself:", ""]
            lines += code([
                "[ -b \(blockDevice) ] && dd if=/tmp/\(fileName) of=\(blockDevice) bs=\(partition.eraseBlockSize) conv=fsync",
                "sync; echo 3 > /proc/sys/vm/drop_caches",
            ])
        }
        return lines + comparison(with: "cat \(readOnlyDevice)")
    }

    private func comparison(with reading: String) -> [String] {
        ["", "Read back; both must give the same\(isWholeImage ? ", `\(image.sha256)`" : ""):", ""]
            + code(["sha256sum /tmp/\(fileName)", "\(reading) | sha256sum"])
    }

    // MARK: NAND

    /// A NAND read that the ECC could not repair returns bytes and reports success: only this counter reveals it.
    private var failureCounter: String { "cat /sys/class/mtd/mtd\(partition.index)/ecc_failures" }

    private func nandSteps() -> [String] {
        let block = partition.eraseBlockSize
        let page = partition.pageSize
        let count = partition.size / block
        let bad = badBlocks()
        var lines = [
            "",
            "It has \(count) blocks of \(block) bytes, \(block / page) pages of \(page) bytes each, and is written block by block, each at its own place.",
        ]
        if bad.isEmpty {
            lines.append(
                partition.badBlocks?.isComplete == true
                    ? "No block of it was bad."
                    : "Which of its blocks are bad was not known for sure: ask `mtdinfo -M \(device)`.")
        } else {
            lines.append(
                "Bad when it was read, and so 0xFF in the file: block \(bad.map(String.init).joined(separator: ", ")). Leave these out."
            )
        }
        lines.append(
            "Ask `mtdinfo -M \(device)` which are bad now. If one is bad now that was not then, and the file has other bytes than 0xFF there, this file cannot go back to this place."
        )
        guard let generation = tools["flash_erase"], !generation.lowercased().contains("busybox") else {
            if case .commands(_, _, let erasesPartition) = procedure {
                return lines + [
                    "",
                    "For each good block\(erasesPartition ? "" : " whose bytes differ"), cut it out of the file (`dd if=/tmp/\(fileName) of=/tmp/block bs=\(block) skip=k count=1`), write it as said above, and read it back (`dd if=\(readOnlyDevice) bs=\(block) skip=k count=1`): it must be the same.",
                ]
            }
            lines += [
                "",
                "This board had no `flash_erase`, and without it single blocks cannot be erased: start it from RAM with a system that has mtd-utils, or use its bootloader.",
            ]
            return lines
        }
        lines += [
            "", "For each block `k` from 0 to \(count - 1) that is good:", "",
        ]
        lines += code([
            "k=0",
            failureCounter,
            "dd if=/tmp/\(fileName) bs=\(block) skip=$k count=1 2>/dev/null | sha256sum",
            "dd if=\(readOnlyDevice) bs=\(block) skip=$k count=1 2>/dev/null | sha256sum",
        ])
        lines += ["", "If both are the same, the block is right already: go on with the next. If not:", ""]
        lines += code([
            "[ -c \(device) ] && flash_erase -q \(device) $((k * \(block))) 1",
            "dd if=\(readOnlyDevice) bs=\(block) skip=$k count=1 2>/dev/null | tr -d '\\377' | wc -c",
        ])
        lines += [
            "",
            "`flash_erase` must print nothing and `wc` must print 0; else stop, the block is failing. Then write the pages that are not blank (a blank page that is written is not blank to the ECC of many controllers):",
            "",
        ]
        lines += code([
            "q=$((k * \(block / page)))",
            "while [ $q -lt $(((k + 1) * \(block / page))) ]; do",
            "  if [ $(dd if=/tmp/\(fileName) bs=\(page) skip=$q count=1 2>/dev/null | tr -d '\\377' | wc -c) -ne 0 ]; then",
            "    dd if=/tmp/\(fileName) of=\(device) bs=\(page) skip=$q seek=$q count=1 conv=notrunc 2>/dev/null || echo \"STOP at page $q\"",
            "  fi",
            "  q=$((q + 1))",
            "done",
            "dd if=\(readOnlyDevice) bs=\(block) skip=$k count=1 2>/dev/null | sha256sum",
            failureCounter,
        ])
        lines += [
            "",
            "The checksum must be that of the file, the first one above, and the counter of failed reads must be what it was. If not, erase the block and write it once more; if it fails again, stop.",
        ]
        return lines
    }

    /// Numbers of the blocks of the partition that were bad when it was read.
    private func badBlocks() -> [Int] {
        let block = partition.eraseBlockSize
        let known = (partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? [])
        let found = image.badBlocks.filter { range.contains($0) }.map { ($0 - range.lowerBound) / block }
        return Set(known + found).sorted()
    }

    // MARK: Words

    private func code(_ lines: [String]) -> [String] { lines.map { "    " + $0 } }

    /// A size as in `/proc/mtd`: at least eight hexadecimal digits.
    private static func procSize(_ size: Int) -> String { String(ByteCount.hex(size).dropFirst(2)) }
}
