import FlashAccess
import FlashModel

/// The expected effect of a method on a regular file, computed before it is tried on the board. Pure.
///
/// Two text files are created on the board, with one command and no upload; then the method's own command lines write a
/// block of the first to the second. The first file follows the Thue-Morse sequence, and the second has the other line
/// at each position. So no two consecutive parts are equal, and reading or writing at a wrong offset shows.
struct LinuxWriteRehearsal: Sendable {
    private static let lines = ["flashkeep-read-", "flashkeep-kept-"]
    private static let lineSize = 16
    /// The largest erase block that can be tried, in bytes: the files are in the board's RAM.
    static let limit = 4 << 20

    /// The content of the first file; at least one block.
    let source: [UInt8]
    /// The content of the second file; more than two blocks.
    let target: [UInt8]
    /// The offset of the write in the target.
    let offset: Int
    /// The block. On flash with pages, its first and last page are blank, so that offsets other than 0 are tested.
    let bytes: [UInt8]
    /// The unit of writing in bytes.
    let unit: Int
    private let doublings: Int

    /// - Returns: nil if the partition's erase block size cannot be tried.
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

    /// The command that creates the files, a prefix followed by `a` and `t`, with only `echo` and `cat`.
    ///
    /// - Parameter prefix: of a path that needs no quotes.
    func command(making prefix: String) -> String {
        let (a, b) = ("echo \(Self.lines[0])", "echo \(Self.lines[1])")
        let start =
            doublings % 2 == 1
            ? "{ \(a);\(b);} >${f}a;{ \(b);\(a);} >${f}b" : "\(a) >${f}a;\(b) >${f}b"
        return "f=\(prefix);\(start);i=0;while [ $i -lt \(doublings / 2) ];do cat ${f}a ${f}b >${f}c;"
            + "cat ${f}b ${f}a >${f}d;cat ${f}c ${f}d >${f}a;cat ${f}d ${f}c >${f}b;i=$(($i+1));done;"
            + "cat ${f}b ${f}b >${f}t;\(b) >>${f}t;rm -f ${f}b ${f}c ${f}d"
    }

    /// The expected content of the target after the block is written.
    func result(of copy: BlockCopy) -> [UInt8] {
        NotBlank.units(of: bytes, unit).reduce(target) { file, run in
            let part = run.lowerBound * unit..<run.upperBound * unit
            return copy.result(of: file, writing: bytes[part], to: part.shifted(by: offset))
        }
    }
}
