package import FlashAccess
package import FlashModel
import TestSupport

extension SimulatedHardware {
    /// Erases a block as far as possible: all bits become 1 (`malta-erase`, `sabrelite-sf-write`).
    mutating func erase(_ block: Range<Int>, of device: Device, isTorn: Bool = false) throws {
        try change(block, of: device) { flash, onChip, number in
            flash.erases[number, default: 0] += 1
            let part = isTorn ? onChip.prefix(onChip.count / 2) : onChip[...]
            for place in part { flash.bytes[place] = 0xFF }
            if flash.lying.contains(number) { flash.bytes[onChip.lowerBound + 1] &= 0xFE }
        }
    }

    /// Programs bytes: bits change only from 1 to 0 (`sabrelite-sf-write`). A page of NAND that is not blank must not
    /// be programmed (`sandbox-2026.07-nand-rw`: it fails).
    mutating func program(_ bytes: [UInt8], at offset: Int, of device: Device, isTorn: Bool = false) throws {
        try change(offset..<offset + bytes.count, of: device) { flash, onChip, number in
            let page = max(1, flash.chip.pageSize)
            for (place, byte) in zip(isTorn ? onChip.prefix(onChip.count / 2) : onChip[...], bytes) {
                let pageStart = place - place % page
                let isBlankPage = bytes[(pageStart - onChip.lowerBound)..<(pageStart - onChip.lowerBound + page)]
                    .allSatisfy { $0 == 0xFF }
                if flash.chip.kind.isNAND, !isBlankPage, place == pageStart,
                    flash.bytes[pageStart..<pageStart + page].contains(where: { $0 != 0xFF })
                {
                    throw Refusal.error("a page of NAND was programmed that is not blank")
                }
                flash.bytes[place] &= byte
            }
            if flash.lying.contains(number) { flash.bytes[onChip.lowerBound] ^= 1 }
        }
    }

    private mutating func change(
        _ range: Range<Int>, of device: Device, body: (inout Flash, Range<Int>, Int) throws -> Void
    ) throws {
        let id = device.partition.chip
        guard var flash = chips[id] else { throw Refusal.error("no chip \(id)") }
        let size = flash.chip.eraseBlockSize
        let onChip = device.start + range.lowerBound..<device.start + range.upperBound
        guard range.lowerBound >= 0, range.upperBound <= device.partition.size, onChip.lowerBound % size == 0,
            onChip.count == size
        else { throw Refusal.error("\(range) of mtd\(device.partition.index) is no erase block") }
        let number = onChip.lowerBound / size
        guard !flash.badBlocks.contains(number) else { throw Refusal.error("block \(number) is bad and was written") }
        if flash.fails(number) {
            chips[id] = flash
            throw FlashkeepError(.writeFailed, what: "Block \(number) fails.", why: "Made so.", next: "Look on.")
        }
        try body(&flash, onChip, number)
        chips[id] = flash
    }
}

extension SimulatedBoard: FlashWriting {
    package func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod {
        guard partition.name != "unwritable" else {
            throw WriteRefusal(why: "it is made so", next: "make it otherwise")
        }
        let blocksAtOnce = connector.hardware.blocksAtOnce
        return WriteMethod(
            name: "simulated", erasesItself: blocksAtOnce > 1, erasesPartition: connector.hardware.erasesPartitions,
            blocksAtOnce: blocksAtOnce)
    }

    package func manualProcedure(for partition: Partition) -> ManualProcedure {
        .impossible(why: "it is simulated", next: "write it as you like")
    }

    /// Nothing needs proof: the simulated writer does what it is told.
    package func prove(_ partition: Partition) async throws {}

    package func stage(_ bytes: [UInt8]) async throws {
        if connector.hardware.refusesBytes {
            throw FlashkeepError(.commandFailed, what: "No room.", why: "Made so.", next: "Make room.")
        }
        try step { try connector.call { $0.staged = bytes } }
    }

    package func erase(_ block: Range<Int>, of partition: Partition) async throws {
        guard !connector.hardware.erasesPartitions else { throw Refusal.error("single blocks cannot be erased") }
        try change(partition) { try $0.erase(block, of: $1, isTorn: $2) }
    }

    package func eraseAll(_ partition: Partition) async throws {
        guard connector.hardware.erasesPartitions else { throw Refusal.error("single blocks can be erased") }
        try change(partition) { hardware, device, isTorn in
            let size = partition.eraseBlockSize
            let blocks = stride(from: 0, to: partition.size, by: size).map { $0..<$0 + size }
            for block in isTorn ? blocks.prefix(blocks.count / 2) : blocks[...]
            where hardware.chips[device.partition.chip]?.badBlocks.contains((device.start + block.lowerBound) / size)
                == false
            {
                try hardware.erase(block, of: device)
            }
        }
    }

    package func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws {
        guard connector.hardware.staged == bytes else { throw Refusal.error("these bytes were not staged") }
        if connector.hardware.blocksAtOnce > 1 {
            try change(partition) { try $0.erase(offset..<offset + bytes.count, of: $1, isTorn: $2) }
        }
        try change(partition) { try $0.program(bytes, at: offset, of: $1, isTorn: $2) }
    }

    package func write(_ blocks: [BlockContent], of partition: Partition) async throws {
        try connector.quietly { $0.steps.append(blocks.count) }
        for block in blocks {
            try change(partition) { try $0.erase(block.offset..<block.offset + block.bytes.count, of: $1, isTorn: $2) }
            try change(partition) { try $0.program(block.bytes, at: block.offset, of: $1, isTorn: $2) }
        }
    }

    /// A change that can be interrupted before, during and after (`RestoreLabTests`, killedInTheMidstItGoesOn).
    private func change(
        _ partition: Partition, _ body: (inout SimulatedHardware, SimulatedHardware.Device, Bool) throws -> Void
    ) throws {
        do {
            try step { try connector.call { _ in } }
        } catch {
            let isTorn = connector.hardware.tears
            if isTorn {
                try connector.quietly { try body(&$0, try SimulatedConnector.device(partition, $0), true) }
            }
            throw error
        }
        try connector.quietly { try body(&$0, try SimulatedConnector.device(partition, $0), false) }
        try step { try connector.call { _ in } }
    }
}
