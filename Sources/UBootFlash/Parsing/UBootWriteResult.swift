import FlashAccess
import FlashModel

/// The result of erasing or writing NAND: `nand erase`, `nand write`, `mtd erase`, `mtd write`.
///
/// Forms: `NAND erase: device 0 offset 0x4000, size 0x2000`, then `Skipping bad block at  0x00004000`, `nand0: MTD
/// Erase failure: -5`, and `OK` all the same (`cmd/nand.c`; `drivers/mtd/nand/raw/nand_util.c`, nand_erase_opts). `NAND
/// write: device 0 offset 0x0, size 0x10000`, then `Skip bad block 0x00004000`, ` 65536 bytes written: OK`
/// (nand_write_skip_bad). `Erasing 0x00100000 ... 0x0011ffff (1 eraseblock(s))`, then `Skipping bad block at
/// 0x00100000`; until 2021 that is also printed for an erase that failed, for which later versions print nothing.
/// `Writing 2048 byte(s) (1 page(s)) at offset 0x00100000`, which bad blocks do not change, and then nothing unless it
/// failed (`cmd/mtd.c`).
package struct UBootWriteResult: Sendable, Hashable {
    /// The requested operation.
    package enum Work: Sendable, Hashable {
        case nandErase(Range<Int>)
        case nandWrite(Range<Int>)
        case mtdErase(Range<Int>)
        case mtdWrite(Range<Int>)
    }

    /// The range of the chip that it announces, in bytes; nil if it announces none.
    package var announced: Range<Int>?
    /// The offsets of skipped bad blocks: the written data has shifted.
    package var skipped: [Int] = []
    /// The line that reports a failure.
    package var failure: String?
    /// The number of bytes that `nand write` reports as written.
    package var written: Int?

    /// Parses the command's output.
    package init(_ reply: UBootReply) {
        for line in reply.lines.prefix(5000) {
            let text = line.trimmed
            if let rest = text.after("Skipping bad block ") ?? text.after("Skip bad block ")
                ?? text.after("Skipping bbt reserved ")
            {
                if let offset = rest.words.last?.hexadecimal, skipped.count < 1000 { skipped.append(offset) }
            } else if let rest = text.after("NAND erase: device ") ?? text.after("NAND write: device ") {
                // Old versions print decimal numbers (1.3.4, legacy NAND), which are ignored.
                if let offset = rest.after(" offset 0x")?.before(",")?.hexadecimal,
                    let size = rest.after(", size 0x")?.words.first?.hexadecimal
                {
                    announced = Self.range(offset, size)
                }
            } else if var rest = text.dropping("Writing "), let size = rest.takeDecimal(), rest.take(" byte(s)") {
                announced = rest.after(" at offset ")?.words.first?.hexadecimal.flatMap { Self.range($0, size) }
            } else if let rest = text.dropping("Erasing "), let end = rest.after(" ... ")?.words.first?.hexadecimal {
                announced = rest.words.first?.hexadecimal.flatMap { start in
                    end.plus(1).flatMap { $0 > start ? start..<$0 : nil }
                }
            } else if let head = text.before(" bytes written: OK") {
                written = head.words.last?.decimal
            } else if Self.isFailure(text) {
                failure = failure ?? text.string(limit: 160)
            }
        }
    }

    /// The evidence that it did not do exactly this work; nil if there is none. Only its bytes show whether a block is
    /// blank.
    package func complaint(_ work: Work) -> String? {
        if let failure { return failure }
        guard skipped.isEmpty else { return "it treats the block as bad" }
        switch work {
        case .nandErase(let range), .mtdErase(let range):
            return announced.map { $0 == range } ?? true ? nil : Self.otherBytes
        case .nandWrite(let range):
            guard announced.map({ $0 == range }) ?? true else { return Self.otherBytes }
            return written == range.count ? nil : "it wrote \(written ?? 0) bytes instead of \(range.count)"
        case .mtdWrite(let range): return announced == range ? nil : Self.otherBytes
        }
    }

    /// Whether it reports flash that failed, or a block that it treats as bad, rather than a command that it did not
    /// understand or that did something else.
    package var isOfFlash: Bool {
        guard let failure else { return !skipped.isEmpty }
        return ["failure", "Failure", "failed", "Failed", "ERROR"].contains(where: failure.contains)
    }

    private static let otherBytes = "it reports a different range than the requested one"

    private static func range(_ offset: Int, _ size: Int) -> Range<Int>? {
        offset.plus(size).map { offset..<max(offset, $0) }
    }

    private static func isFailure(_ line: ByteText) -> Bool {
        for words in [
            "ERROR", "failure", "Failure while", "failed", "Failed", "exceeds", "outside", "not aligned",
            "not a multiple", "not on a page", "is not a number", "Attempt to ", "Unknown", "no devices available",
            "No such device", "not found", "Usage:", "mtdparts support missing", "<INTERRUPT>", "whole chip",
        ]
        where line.contains(words) {
            return true
        }
        return false
    }
}
