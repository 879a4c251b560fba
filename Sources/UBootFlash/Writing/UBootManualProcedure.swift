import FlashAccess
import FlashModel

/// The commands that write a run of good erase blocks, whose bytes are in RAM, by hand.
struct UBootManualLines: Sendable, Hashable {
    /// The commands that erase and write it.
    var write: [String]
    /// The command that copies it from flash back to the same address.
    var readBack: String
}

/// How to restore partitions by hand from U-Boot's prompt.
struct UBootManualProcedure {
    /// The alternative, in words.
    static let otherwise = "write it from Linux (an initramfs with mtd-utils), or with a programmer"

    private let facts: UBootFacts
    private let method: any UBootWriteMethod
    /// The command that loads a file into RAM; nil if there is none for use by hand.
    private let load: String?
    /// Whether ``load`` fetches a file by name from a server; otherwise it waits for the file on the line.
    private let isByName: Bool

    init(_ facts: UBootFacts, _ method: any UBootWriteMethod) {
        self.facts = facts
        self.method = method
        let fetching = TFTPLoad.command(facts.help)
        load = fetching ?? (facts.help?.has("loady") ?? false ? "loady" : nil)
        isByName = fetching != nil
    }

    /// - Parameter range: of the partition on its chip.
    func procedure(for partition: Partition, at range: Range<Int>) -> ManualProcedure {
        let block = partition.eraseBlockSize
        guard let load, facts.hasChecksum, facts.help?.has("mw") ?? false else {
            return .impossible(
                why:
                    "this U-Boot cannot load a file into RAM (tftpboot, loady), or cannot check it there (crc32, mw)",
                next: Self.otherwise)
        }
        guard block > 0, range.lowerBound % block == 0, range.count % block == 0, !range.isEmpty else {
            return .impossible(why: "it does not begin and end at erase block boundaries", next: Self.otherwise)
        }
        let bad = Set((partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? []))
        let good = range.cut(atMultiplesOf: block).filter { !bad.contains(($0.lowerBound - range.lowerBound) / block) }
        // Refuse if one of the blocks must not be passed to U-Boot: what it did instead would go unnoticed.
        guard good.allSatisfy({ (try? method.erase($0)) != nil }),
            let parts = ManualParts(range, block: block, memory: { try? facts.freeMemory($0).lowerBound })
        else {
            return .impossible(
                why: "this U-Boot cannot write all of its blocks, or has no free RAM for them", next: Self.otherwise)
        }
        var lines = method.preparation
        for part in parts.parts {
            lines += self.lines(
                for: part.range, by: load, runs: Self.runs(good, in: part.range), file: part.file, memory: parts.memory)
        }
        return .commands(text(load), lines: lines, notes: parts.notes)
    }

    /// Joins consecutive good erase blocks.
    private static func runs(_ blocks: [Range<Int>], in part: Range<Int>) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for block in blocks where part.contains(block.lowerBound) {
            if let last = runs.last, last.upperBound == block.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<block.upperBound
            } else {
                runs.append(block)
            }
        }
        return runs
    }

    private func lines(
        for part: Range<Int>, by load: String, runs: [Range<Int>], file: String, memory: UInt64
    ) -> [String] {
        func address(_ run: Range<Int>) -> UInt64 { memory + UInt64(run.lowerBound - part.lowerBound) }
        let sum = "crc32 \(UBootCommands.hex(memory)) \(UBootCommands.hex(UInt64(part.count)))"
        let manual = runs.map { method.byHand($0, memory: address($0)) }
        var lines =
            ["\(load) \(UBootCommands.hex(memory))" + (isByName ? " \(file)" : ""), sum] + manual.flatMap(\.write)
        // Clear the RAM before reading back, so that the sum is that of the flash.
        for (run, manual) in zip(runs, manual) {
            lines += [
                "mw.b \(UBootCommands.hex(address(run))) 0 \(UBootCommands.hex(UInt64(run.count)))", manual.readBack,
            ]
        }
        return lines + [sum]
    }

    private func text(_ load: String) -> ManualProcedure.Method {
        ManualProcedure.Method(
            name: "from U-Boot, with \(method.name), the file loaded by \(load)",
            identification:
                "The labels `partN` are this backup's own: U-Boot does not number partitions. What counts is the chip, "
                + "the offset and the size. At U-Boot's prompt, `flinfo`, `sf probe`, `nand info` or `mtd list` shows "
                + "the chip.",
            rules: [
                "U-Boot reads all numbers in the lines of section 6 as hexadecimal. Copy and paste the lines: one zero "
                    + "too many erases something else."
            ] + method.rules,
            steps: [
                .text(
                    "Connect to the board's serial console, switch the board on, and stop it at U-Boot's prompt. Then "
                        + "keep U-Boot from starting what it loads:"),
                .commands(["setenv autostart no"]),
            ] + loading(load) + [
                .text(
                    "Now paste the lines that section 6 gives for the partition, one by one, and wait for the prompt "
                        + "after each. The `crc32` after loading must print the CRC-32 of the file. If it does not, "
                        + "stop before the erase, and load the file again. On your computer, this prints the CRC-32 of "
                        + "the file FILE:"),
                .commands(["gzip -c FILE | tail -c 8 | od -An -N4 -tx4"]),
                .text(
                    "The erase and the write must not print an error, and the last `crc32`, which is that of the flash "
                        + "as read back, must print the same as the first. If it does not, repeat the lines for this "
                        + "partition, and do not restart the board until the two are the same. When everything is "
                        + "restored, restart it with `reset`."),
            ])
    }

    private func loading(_ load: String) -> [ManualProcedure.Step] {
        guard isByName else {
            return [
                .text(
                    "`\(load)` in the lines of section 6 waits for the partition's file: send it by YMODEM from your "
                        + "terminal program (minicom and picocom use `sb` of lrzsz for that).")
            ]
        }
        return [
            .text(
                "Put the files into the folder of a TFTP server on your computer, connect the board's LAN port to the "
                    + "computer, and set the addresses of the board and of the computer, such as:"),
            .commands(["setenv ipaddr 192.168.1.1", "setenv serverip 192.168.1.2"]),
            .text("Do not save them (`saveenv`): that writes to flash."),
        ]
    }
}
