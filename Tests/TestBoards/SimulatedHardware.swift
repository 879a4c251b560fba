import FlashAccess
package import FlashModel
import TestSupport

/// A simulated board: its chips with all their faults, and the MTD devices that its kernel presents.
///
/// Each fault names its evidence; `Documentation/Simulators.md` lists what has none.
package struct SimulatedHardware: Sendable {
    /// A chip. Blocks are erase blocks, counted from its start.
    package struct Flash: Sendable {
        package var chip: Chip
        package var bytes: [UInt8]
        /// Blocks marked bad (K9F1G08U0D datasheet, "Initial invalid block(s)"; `mtdinfo-nand-map`).
        package var badBlocks: Set<Int> = []
        /// Blocks that the ECC corrects at each read (`BackupLabTests`, correctedAndUncorrectableBlocksAreNamed).
        package var corrected: Set<Int> = []
        /// Blocks that the ECC cannot repair: the bytes read differ from those written, and are handed out (same test;
        /// Linux `drivers/mtd/mtdchar.c`, mtdchar_read).
        package var failed: Set<Int> = []
        /// Bytes that cannot be read: any error but that of the ECC (Linux `drivers/mtd/mtdchar.c`, mtdchar_read).
        package var unreadable: [Range<Int>] = []
        /// Blocks that read differently each time (MTD's documentation of UBIFS, "The unstable bits issue").
        package var unstable: Set<Int> = []
        /// Blocks for which this many further reads return wrong bytes. Without evidence.
        package var misreads: [Int: Int] = [:]
        /// Blocks for which this many further erases and writes fail, with an error (`RestoreLabTests`,
        /// aBlockThatFailsStopsIt, by the simulator's `weakblocks`).
        package var failing: [Int: Int] = [:]
        /// Blocks for which this many further writes fail (`RestorePlacementLabTests`,
        /// volumesAreThereAndMountPastBadAndFailingBlocks, by the simulator's `weakpages`), in the middle of their
        /// first page, which is an assumption.
        package var failingPrograms: [Int: Int] = [:]
        /// Blocks that report success, but keep a bit of their old contents. Without evidence: serial flash with lock
        /// bits keeps all of them (reports about OpenIPC's U-Boot for GK7205V200).
        package var lying: Set<Int> = []
        /// How often each block was erased. An observation.
        package var erases: [Int: Int] = [:]
        /// The number of reads.
        var reads = 0
    }

    /// An MTD device.
    package struct Device: Sendable {
        package var partition: Partition
        /// Its start on the chip, whether the board reports it or not.
        package var start: Int

        package init(partition: Partition, start: Int) {
            self.partition = partition
            self.start = start
        }
    }

    package var identity: BoardIdentity
    package var chips: [String: Flash]
    package var devices: [Device]
    /// Whether the board reports all of its devices.
    package var table = TableKnowledge.complete
    package var otherStorage: [OtherStorageDevice]? = []
    /// Linux `drivers/char/random.c`, proc_do_uuid (`/proc/sys/kernel/random/boot_id`).
    package var bootID: String? = "made-up"
    package var algorithms: [ChecksumAlgorithm] = [.sha256]
    /// Whether checksums are of whole partitions only, as EVA's `CHECK` is (Freetz `tools/recover-eva`, check).
    package var checksumsWholePartitions = false
    package var readsOOB = false
    package var isWritable = false
    /// How many blocks are written in one step; more than one erase by themselves, as Flashkeep's scripts do.
    package var blocksAtOnce = 1
    /// How many blocks each such step had.
    package var steps: [Int] = []
    /// The bytes that a writer staged on the board.
    package var staged: [UInt8] = []
    /// Whether an interrupted erase or write is left half done (MTD's documentation of UBIFS, "The unstable bits
    /// issue"). That it is the first half of the bytes is an assumption.
    package var tears = false
    /// Whether staging bytes on the board fails (`RestoreLabTests`, aBoardWithoutRoomIsNotErased).
    package var refusesBytes = false
    /// Whether only whole partitions can be erased (`RestoreLabTests`, busyboxAloneErasesWholePartitions).
    package var erasesPartitions = false
    /// How many more times the running system writes to a device (`BackupLabTests`,
    /// somethingThatWritesIsNotCalledProven): once after each read or checksum of it, which is made up.
    package var pendingWrites: [Int: Int] = [:]
    /// The number of chunks after which a device vanishes (`proc-mtd-gluebi`, `proc-mtd-number-gap`).
    package var vanishing: [Int: Int] = [:]
    /// Whether chunks are delivered in swapped pairs, as `FlashReading` allows.
    package var isDisorderly = false
    /// Erase blocks per chunk.
    package var chunkBlocks = 2

    package init(identity: BoardIdentity, chips: [Flash], devices: [Device]) {
        self.identity = identity
        self.chips = Dictionary(uniqueKeysWithValues: chips.map { ($0.chip.id, $0) })
        self.devices = devices
    }

    package var survey: Survey {
        Survey(
            board: identity, chips: chips.values.map(\.chip).sorted { $0.id < $1.id },
            partitions: devices.map(\.partition), tools: [:], table: table, otherStorage: otherStorage,
            bootID: bootID)
    }

    package func device(_ index: Int) -> Device? { devices.first { $0.partition.index == index } }

    /// The expected contents of a device's backup: the bytes of the chip, with 0xFF in place of bad blocks.
    package func expected(_ index: Int) -> [UInt8] {
        guard let device = device(index), let flash = chips[device.partition.chip] else { return [] }
        let block = flash.chip.eraseBlockSize
        return (device.start..<device.start + device.partition.size).map {
            flash.badBlocks.contains($0 / block) ? 0xFF : flash.bytes[$0]
        }
    }

    /// The OOB bytes of a page of a chip: made up, without markers and ECC.
    package func oob(_ page: Int, of chip: Chip) -> [UInt8] {
        (0..<chip.oobSize).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ page) }
    }
}

extension SimulatedHardware.Flash {
    /// A chip with random contents.
    package init(
        _ id: String, kind: Chip.Kind, blocks: Int, blockSize: Int, pageSize: Int = 1, oobSize: Int = 0,
        badBlocks: Set<Int> = [], seed: UInt64 = 7
    ) {
        var random = SplitMix64(state: seed)
        var bytes = (0..<blocks * blockSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        // Much of a flash is empty or repetitive.
        for block in stride(from: 2, to: blocks, by: 5) {
            bytes.replaceSubrange(
                block * blockSize..<(block + 1) * blockSize, with: [UInt8](repeating: 0xFF, count: blockSize))
        }
        self.init(
            chip: Chip(
                id: id, kind: kind, size: blocks * blockSize, sizeKnowledge: .exact, eraseBlockSize: blockSize,
                pageSize: pageSize, oobSize: oobSize, source: "sysfs"), bytes: bytes, badBlocks: badBlocks)
    }

    /// A device on this chip; its bad blocks are those of the chip.
    package func device(
        _ index: Int, _ name: String, _ blocks: Range<Int>, isLive: Bool = false, hasPlace: Bool = true,
        parent: Int? = nil
    ) -> SimulatedHardware.Device {
        let size = chip.eraseBlockSize
        let bad = badBlocks.filter { blocks.contains($0) }.map { $0 - blocks.lowerBound }.sorted()
        return SimulatedHardware.Device(
            partition: Partition(
                index: index, name: name, chip: chip.id, offset: hasPlace ? blocks.lowerBound * size : nil,
                offsetSource: hasPlace ? (blocks.count * size == chip.exactSize ? .wholeChip : .sysfs) : .none,
                size: blocks.count * size, eraseBlockSize: size, pageSize: chip.pageSize, oobSize: chip.oobSize,
                type: chip.kind.isNAND ? "nand" : "nor", parent: parent, isLive: isLive,
                badBlocks: chip.kind.isNAND ? BadBlockKnowledge(bad: bad, source: "test", isComplete: true) : nil),
            start: blocks.lowerBound * size)
    }
}

extension SimulatedHardware.Flash {
    /// Whether this erase or write of a block fails.
    package mutating func fails(_ block: Int) -> Bool {
        guard let left = failing[block], left > 0 else { return false }
        failing[block] = left - 1
        return true
    }
}

extension SimulatedHardware {
    /// Reverts the last half of the bytes changed since, as an interrupted command leaves them.
    package mutating func tear(since before: SimulatedHardware) {
        for (id, flash) in before.chips {
            let changed = flash.bytes.indices.filter { flash.bytes[$0] != chips[id]?.bytes[$0] }
            for place in changed.dropFirst(changed.count / 2) { chips[id]?.bytes[place] = flash.bytes[place] }
        }
    }

    /// Reads bytes of a device as its kernel would return them.
    package mutating func read(_ range: Range<Int>, of device: Device) throws -> (
        bytes: [UInt8], findings: [BlockFinding]
    ) {
        let id = device.partition.chip
        guard var flash = chips[id] else { throw Refusal.error("no chip \(id)") }
        let block = flash.chip.eraseBlockSize
        let onChip = device.start + range.lowerBound..<device.start + range.upperBound
        guard onChip.upperBound <= flash.bytes.count else { throw Refusal.error("beyond the end of \(id)") }
        var bytes = Array(flash.bytes[onChip])
        var findings: [BlockFinding] = []
        flash.reads += 1
        for number in onChip.lowerBound / block...(onChip.upperBound - 1) / block {
            if flash.badBlocks.contains(number) { throw Refusal.error("block \(number) is bad and was read") }
            let part = (number * block..<(number + 1) * block).clamped(to: onChip)
            let first = part.lowerBound - onChip.lowerBound
            let finding = { (state: BlockState) in
                BlockFinding(
                    offset: part.lowerBound - device.start, size: part.count, state: state, detail: "as made up")
            }
            if flash.corrected.contains(number) { findings.append(finding(.eccCorrected)) }
            if flash.failed.contains(number) {
                bytes[first] ^= 0x81
                findings.append(finding(.eccFailed))
            }
            if flash.unstable.contains(number) { bytes[first] ^= UInt8(truncatingIfNeeded: flash.reads) }
            if let left = flash.misreads[number], left > 0 {
                flash.misreads[number] = left - 1
                bytes[first + part.count / 2] ^= 0x10
            }
        }
        for hole in flash.unreadable {
            let part = hole.clamped(to: onChip)
            guard !part.isEmpty else { continue }
            for place in part { bytes[place - onChip.lowerBound] = 0xFF }
            findings.append(
                BlockFinding(
                    offset: part.lowerBound - device.start, size: part.count, state: .unread, detail: "made up"))
        }
        chips[id] = flash
        return (bytes, findings)
    }

    /// Lets the running system write, if writes are pending.
    package mutating func letItWrite(to device: Device) {
        let index = device.partition.index
        guard let left = pendingWrites[index], left > 0 else { return }
        pendingWrites[index] = left - 1
        chips[device.partition.chip]?.bytes[device.start + device.partition.size - 1] &+= 1
    }
}

/// The error of a fake for any request that it does not support.
enum Refusal {
    static func error(_ why: String) -> FlashkeepError {
        FlashkeepError(.internalFault, what: "The made-up board refuses.", why: why, next: "Look at the test.")
    }
}
