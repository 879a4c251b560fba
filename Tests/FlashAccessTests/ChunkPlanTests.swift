import FlashAccess
import FlashModel
import TestSupport
import Testing

/// Executes plans on simulated memory: each byte is read once and correctly, within limits for the transferred data.
@Suite struct ChunkPlanTests {
    /// A board behind a line, and a caller that executes the plan.
    struct Line {
        var memory: [UInt8]
        /// The contents of the sources, by number. 99 is the current backup, which is ``result``.
        var sources: [Int: [UInt8]] = [:]
        var result: [UInt8] = []
        var characters = 0
        var questions = 0
        var dumpedBytes = 0
        /// The checksum requests that the board does not answer, by number.
        var silent: Set<Int> = []

        /// The length of a `crc32` line with its echo and prompt, in the longest form.
        static let question = 100
        /// The characters for 16 bytes as `md.l`.
        static let dumpedLine = 65
        /// The characters for the echo of `md.l` and the prompt, and the bytes that one such command prints.
        static let dumpCommand = 35
        static let dumpSize = 16384

        mutating func follow(
            _ plan: inout ChunkPlan, _ known: inout KnownContent, start: Int = 0, isBelieving: Bool = true
        ) {
            result = []
            var turns = 0
            while let step = plan.next(&known) {
                #expect(plan.next(&known) == step)
                turns += 1
                if turns > 100_000 { Issue.record("no end"); return }
                switch step {
                case .checksum(let range):
                    questions += 1
                    characters += Self.question
                    let bytes = memory[(range.lowerBound - start)..<(range.upperBound - start)]
                    plan.answer(silent.contains(questions) ? nil : CRC32.sum(of: bytes))
                case .known(let range, let candidates, let sum, let half):
                    #expect(range.lowerBound - start == result.count)
                    let found = isBelieving ? bytes(candidates, range.count, sum, half) : nil
                    if let found { take(found, &known) }
                    plan.settle(isKnown: found != nil)
                case .dump(let range, let sum):
                    #expect(range.lowerBound - start == result.count)
                    let bytes = Array(memory[(range.lowerBound - start)..<(range.upperBound - start)])
                    if let sum { #expect(CRC32.sum(of: bytes) == sum) } else { #expect(!silent.isEmpty) }
                    characters += (bytes.count + 15) / 16 * Self.dumpedLine
                    characters += (bytes.count + Self.dumpSize - 1) / Self.dumpSize * Self.dumpCommand
                    dumpedBytes += bytes.count
                    take(bytes, &known)
                    plan.dumped()
                }
            }
            #expect(result == memory)
            #expect(plan.next(&known) == nil)
        }

        private mutating func take(_ bytes: [UInt8], _ known: inout KnownContent) {
            known.add(bytes, source: 99, offset: result.count)
            result += bytes
        }

        /// The bytes that a caller reads from disk, if they have the sums.
        private func bytes(
            _ candidates: [KnownContent.Candidate], _ count: Int, _ sum: UInt32, _ half: UInt32
        ) -> [UInt8]? {
            for candidate in candidates {
                let bytes: [UInt8]
                switch candidate {
                case .repeated(let byte): bytes = [UInt8](repeating: byte, count: count)
                case .stored(let source, let offset):
                    let content = source == 99 ? result : sources[source] ?? []
                    guard offset + count <= content.count else { continue }
                    bytes = Array(content[offset..<(offset + count)])
                }
                if CRC32.sum(of: bytes) == sum, CRC32.sum(of: bytes.prefix(count / 2)) == half { return bytes }
            }
            return nil
        }

        var charactersPerByte: Double { Double(characters) / Double(memory.count) }
    }

    static func run(
        _ memory: [UInt8], knowing sources: [Int: [UInt8]] = [:], sizes: [Int]? = nil, costs: ChunkPlan.Costs = .init()
    ) -> Line {
        var known = KnownContent()
        for (source, bytes) in sources.sorted(by: { $0.key < $1.key }) { known.add(bytes, source: source, offset: 0) }
        var line = Line(memory: memory, sources: sources)
        var plan =
            sizes.map { ChunkPlan(0..<memory.count, sizes: $0, costs: costs) }
            ?? ChunkPlan(0..<memory.count, costs: costs)
        line.follow(&plan, &known)
        return line
    }

    static func random(_ count: Int, seed: UInt64) -> [UInt8] { KnownContentTests.random(count, seed: seed) }

    // MARK: Transferred data

    /// A dump alone costs 4.0646 characters per byte, and a checksum for each 64 KiB another 0.0015; the rest are
    /// trials.
    @Test func randomContent() {
        let line = Self.run(Self.random(4 << 20, seed: 1))
        #expect(line.dumpedBytes == 4 << 20)
        #expect(line.charactersPerByte <= 4.07)
        let coarse = Self.run(Self.random(4 << 20, seed: 1), sizes: [65536, 16384, 4096])
        #expect(coarse.charactersPerByte <= 4.07)
    }

    /// Two checksums per 64 KiB: 0.0031 characters per byte.
    @Test func secondBackup() {
        let bytes = Self.random(4 << 20, seed: 2)
        let line = Self.run(bytes, knowing: [0: bytes])
        #expect(line.dumpedBytes == 0)
        #expect(line.questions == 2 * 64)
        #expect(line.charactersPerByte <= 0.0031)
    }

    /// A second backup after changes to 20 pages of 4 KiB: these are transferred, with some checksums.
    @Test func secondBackupWithChanges() {
        let bytes = Self.random(4 << 20, seed: 3)
        var changed = bytes
        var random = SplitMix64(state: 3)
        for _ in 0..<20 {
            let place = Int.random(in: 0..<1024, using: &random) * 4096 + Int.random(in: 0..<4096, using: &random)
            changed[place] ^= 0x10
        }
        let line = Self.run(changed, knowing: [0: bytes])
        #expect(line.dumpedBytes <= 20 * 4096)
        #expect(line.charactersPerByte <= 20 * 4096 * 4.1 / Double(bytes.count) + 0.01)
    }

    /// Content from another image, shifted by multiples of 4 KiB, as an upgrade shifts a root file system.
    @Test func shiftedContent() {
        let old = Self.random(2 << 20, seed: 4)
        let new = Self.random(12288, seed: 5) + old[8192...] + Self.random(30_000, seed: 6)
        let line = Self.run(Array(new), knowing: [0: old])
        #expect(line.dumpedBytes <= 12288 + 30_000 + 65536)
        #expect(line.charactersPerByte <= 0.2)
    }

    /// A chip with two equal halves: the second is found in the first.
    @Test func twiceTheSame() {
        let half = Self.random(1 << 20, seed: 7)
        let line = Self.run(half + half)
        #expect(line.dumpedBytes == 1 << 20)
        #expect(line.charactersPerByte <= 2.04)
    }

    /// 16 MiB of which a sixteenth is written, in runs of 20 KiB: little more than that is transferred.
    @Test func mostlyBlank() {
        var bytes = [UInt8](repeating: 0xFF, count: 16 << 20)
        var written = 0
        for run in 0..<51 {
            let content = Self.random(20480, seed: UInt64(run))
            bytes.replaceSubrange((run * 80 * 4096)..<(run * 80 * 4096 + 20480), with: content)
            written += 20480
        }
        let line = Self.run(bytes)
        #expect(line.dumpedBytes == written)
        #expect(line.charactersPerByte <= 4.1 * Double(written) / Double(bytes.count) + 0.01)
        #expect(line.charactersPerByte <= 0.27)
    }

    @Test func blank() {
        let line = Self.run([UInt8](repeating: 0xFF, count: 4 << 20))
        #expect(line.dumpedBytes == 0)
        #expect(line.charactersPerByte <= 0.0031)
    }

    /// Half-known chunks after unknown ones: chunks are divided from time to time, and always if it pays off.
    @Test func adapts() {
        let old = Self.random(8 << 20, seed: 8)
        var mixed = Self.random(8 << 20, seed: 9)
        // In the second half of the chip, 16 KiB of each chunk are known.
        for chunk in 64..<128 {
            let place = chunk * 65536 + 8192
            mixed.replaceSubrange(place..<(place + 16384), with: old[place..<(place + 16384)])
        }
        let line = Self.run(mixed, knowing: [0: old])
        // At most one pause passes before chunks are divided again.
        #expect(line.dumpedBytes <= mixed.count - (64 - ChunkPlan.longestPause) * 16384)
        #expect(line.charactersPerByte <= 4.1 * Double(line.dumpedBytes) / Double(mixed.count) + 0.02)
    }

    /// If a checksum costs as much as 4 KiB, none is requested for pieces of 4 KiB.
    @Test func dearQuestions() {
        var bytes = Self.random(65536, seed: 10)
        bytes.replaceSubrange(4096..<8192, with: [UInt8](repeating: 0xFF, count: 4096))
        #expect(Self.run(bytes).dumpedBytes == 65536 - 4096)
        let dear = Self.run(bytes, costs: ChunkPlan.Costs(question: 16000))
        #expect(dear.dumpedBytes == 65536)
        #expect(dear.questions <= 4)
    }

    // MARK: Coverage

    /// Arbitrary memory: random, blank, zero, repeated and known pieces of any size in any order, with chunks of any
    /// size. Each byte is read once and correctly.
    @Test(arguments: 0..<80) func anyMemory(seed: Int) {
        var random = SplitMix64(state: UInt64(seed) &* 6007 &+ 1)
        let old = Self.random(40 * 4096 + 77, seed: UInt64(seed))
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let isWhole = Int.random(in: 0...2, using: &random) > 0
            let count =
                isWhole ? 4096 * Int.random(in: 1...20, using: &random) : Int.random(in: 1...9000, using: &random)
            switch Int.random(in: 0...4, using: &random) {
            case 0: bytes += Self.random(count, seed: random.next())
            case 1: bytes += [UInt8](repeating: 0xFF, count: count)
            case 2: bytes += [UInt8](repeating: 0, count: count)
            case 3: bytes += bytes.prefix(count)
            default:
                let place =
                    isWhole ? 4096 * Int.random(in: 0...20, using: &random) : Int.random(in: 0...90_000, using: &random)
                bytes += old.dropFirst(place).prefix(count)
            }
            // One byte differs, so that known content only seems to match.
            if !bytes.isEmpty, Bool.random(using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1
            }
        }
        let sizes = [
            [65536, 32768, 16384, 8192, 4096], [65536, 16384, 4096], [135_168], [131_072, 4096], [4096], [16384, 1000],
            [65536, 65536, 40000, 0, -5, 32768], [1], [],
        ].randomElement(using: &random, or: [])
        let isTiny = sizes == [1]
        if isTiny { bytes = Array(bytes.prefix(300)) }
        var known = KnownContent()
        known.add(old, source: 0, offset: 0)
        let start = 4096 * Int.random(in: 0...9, using: &random) + Int.random(in: 0...1, using: &random)
        var line = Line(memory: bytes, sources: [0: old])
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            line.silent.insert(Int.random(in: 1...30, using: &random))
        }
        var plan = ChunkPlan(start..<(start + bytes.count), sizes: sizes)
        line.follow(&plan, &known, start: start, isBelieving: Int.random(in: 0...5, using: &random) > 0)
        if !isTiny { #expect(line.characters <= bytes.count * 5 + 100_000) }
    }

    /// If a source is gone or has changed, everything is transferred.
    @Test func nothingBelieved() {
        let bytes = Self.random(512 << 10, seed: 12)
        var known = KnownContent()
        known.add(bytes, source: 0, offset: 0)
        var line = Line(memory: bytes)
        var plan = ChunkPlan(0..<bytes.count)
        line.follow(&plan, &known, isBelieving: false)
        #expect(line.dumpedBytes == bytes.count)
    }

    /// If the board computes no checksums, everything is dumped.
    @Test func noSums() {
        let bytes = Self.random(300_000, seed: 13)
        var known = KnownContent()
        var line = Line(memory: bytes)
        line.silent = Set(1...1000)
        var plan = ChunkPlan(0..<bytes.count)
        line.follow(&plan, &known)
        #expect(line.dumpedBytes == bytes.count)
        #expect(line.questions == 5)
    }

    /// Unexpected answers change nothing.
    @Test func wrongAnswers() {
        var known = KnownContent()
        var plan = ChunkPlan(0..<65536)
        plan.answer(1)
        plan.settle(isKnown: true)
        plan.dumped()
        #expect(plan.next(&known) == .checksum(0..<65536))
        plan.settle(isKnown: true)
        plan.dumped()
        #expect(plan.next(&known) == .checksum(0..<65536))
        plan.answer(nil)
        #expect(plan.next(&known) == .dump(0..<65536, sum: nil))
        plan.answer(1)
        #expect(plan.next(&known) == .dump(0..<65536, sum: nil))
        plan.dumped()
        #expect(plan.next(&known) == nil)
        var nothing = ChunkPlan(5..<5)
        #expect(nothing.next(&known) == nil)
    }

    /// The steps for a chunk whose second half is blank: three checksums, because that of the second half follows from
    /// them.
    @Test func steps() {
        var known = KnownContent()
        let bytes = Self.random(4096, seed: 14) + [UInt8](repeating: 0xFF, count: 4096)
        var plan = ChunkPlan(0x1000..<0x3000, sizes: [8192, 4096])
        func sum(_ range: Range<Int>) -> UInt32 { CRC32.sum(of: bytes[range]) }
        #expect(plan.next(&known) == .checksum(0x1000..<0x3000))
        plan.answer(sum(0..<8192))
        #expect(plan.next(&known) == .checksum(0x1000..<0x2000))
        plan.answer(sum(0..<4096))
        #expect(plan.next(&known) == .checksum(0x2000..<0x2800))
        plan.answer(sum(4096..<6144))
        #expect(plan.next(&known) == .dump(0x1000..<0x2000, sum: sum(0..<4096)))
        plan.dumped()
        #expect(
            plan.next(&known)
                == .known(
                    0x2000..<0x3000, candidates: [.repeated(0xFF)], sum: sum(4096..<8192), half: sum(4096..<6144)))
        plan.settle(isKnown: true)
        #expect(plan.next(&known) == nil)
    }
}
