import FlashAccess
import FlashModel

/// What a method does to a plain file, worked out before it is tried on the board: two files of text are made there, which
/// costs one command and no upload; then a block of the first is written into the second with the method's own command
/// lines. Pure.
///
/// The first file follows the Thue-Morse sequence, and the second has the other line in each place: so no two parts that
/// follow one another are the same, and whatever is read or written at a wrong place is seen.
struct LinuxWriteRehearsal: Sendable {
    private static let lines = ["flashkeep-read-", "flashkeep-kept-"]
    private static let lineSize = 16
    /// The biggest erase block that is tried, in bytes: the files are made in the board's RAM.
    static let limit = 4 << 20

    /// What is read; at least a block.
    let source: [UInt8]
    /// What is written into; more than two blocks.
    let target: [UInt8]
    /// Where in the target the block is written.
    let offset: Int
    /// The block: on flash with pages its first and its last page are blank, so that numbers other than 0 are tried.
    let bytes: [UInt8]
    /// Bytes that are written at once.
    let unit: Int
    private let doublings: Int

    /// - Returns: nil where the erase blocks of a partition have no size to try.
    init?(_ partition: Partition) {
        let block = partition.eraseBlockSize
        guard block > 0, block <= Self.limit else { return nil }
        var doublings = 0
        while Self.lineSize << doublings < block { doublings += 1 }
        self.doublings = doublings
        var (a, b) = (Array((Self.lines[0] + "\n").utf8), Array((Self.lines[1] + "\n").utf8))
        let tail = b
        for _ in 0..<doublings { (a, b) = (a + b, b + a) }
        source = a
        target = b + b + tail
        offset = block
        var bytes = Array(a.prefix(block))
        let page = partition.pageSize
        if page > 1, block >= 3 * page {
            for place in Array(0..<page) + Array(block - page..<block) { bytes[place] = 0xFF }
        }
        self.bytes = bytes
        unit = page > 1 ? page : block
    }

    /// The command that makes the files, `a` and `t` behind a prefix, from nothing but `echo` and `cat`.
    ///
    /// - Parameter prefix: of a path; it needs no quotes.
    func command(making prefix: String) -> String {
        let (a, b) = ("echo \(Self.lines[0])", "echo \(Self.lines[1])")
        let start =
            doublings % 2 == 1
            ? "{ \(a);\(b);} >${f}a;{ \(b);\(a);} >${f}b" : "\(a) >${f}a;\(b) >${f}b"
        return "f=\(prefix);\(start);i=0;while [ $i -lt \(doublings / 2) ];do cat ${f}a ${f}b >${f}c;"
            + "cat ${f}b ${f}a >${f}d;cat ${f}c ${f}d >${f}a;cat ${f}d ${f}c >${f}b;i=$(($i+1));done;"
            + "cat ${f}b ${f}b >${f}t;\(b) >>${f}t;rm -f ${f}b ${f}c ${f}d"
    }

    /// What the target must hold once the block was written.
    func result(of copy: BlockCopy) -> [UInt8] {
        NotBlank.units(of: bytes, unit).reduce(target) { file, run in
            let part = run.lowerBound * unit..<run.upperBound * unit
            return copy.result(of: file, writing: bytes[part], to: part.shifted(by: offset))
        }
    }
}
