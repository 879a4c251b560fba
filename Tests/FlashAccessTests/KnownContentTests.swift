import FlashAccess
import FlashModel
import TestSupport
import Testing

/// Content that need not be transferred, compared with a search through the bytes themselves.
@Suite struct KnownContentTests {
    static let step = KnownContent.step

    static func random(_ count: Int, seed: UInt64) -> [UInt8] { SplitMix64.bytes(count, seed: seed) }

    static func ask(_ known: inout KnownContent, _ bytes: some RandomAccessCollection<UInt8>)
        -> [KnownContent.Candidate]
    {
        known.candidates(
            size: bytes.count, sum: CRC32.sum(of: bytes), half: CRC32.sum(of: bytes.prefix(bytes.count / 2)))
    }

    /// 64 KiB of 0xFF have the CRC-32 deab7e4e, as printed by U-Boots.
    @Test func blank() {
        var known = KnownContent()
        #expect(known.candidates(size: 0x10000, sum: 0xDEAB_7E4E) == [.repeated(0xFF)])
        #expect(known.candidates(size: 0x20000, sum: 0x1548_03CC) == [.repeated(0xFF)])
        #expect(known.candidates(size: 0x20000, sum: 0x1548_03CC, half: 0xDEAB_7E4E) == [.repeated(0xFF)])
        #expect(known.candidates(size: 0x20000, sum: 0x1548_03CC, half: 0xDEAB_7E4F).isEmpty)
        #expect(known.candidates(size: 0x10000, sum: 0xDEAB_7E4F).isEmpty)
        for size in [1, 2, 3, 100, 4096, 135_168] {
            #expect(Self.ask(&known, [UInt8](repeating: 0xFF, count: size)) == [.repeated(0xFF)])
            #expect(Self.ask(&known, [UInt8](repeating: 0, count: size)) == [.repeated(0)])
            #expect(Self.ask(&known, [UInt8](repeating: 0xA5, count: size)).isEmpty)
        }
        #expect(known.candidates(size: 0, sum: 0).isEmpty)
        #expect(known.candidates(size: -4096, sum: 0).isEmpty)
    }

    /// Every window at every multiple of 4 KiB in each source is found, and nothing else.
    @Test(arguments: [1, 2, 3, 4, 16, 33])
    func everyWindow(pages: Int) {
        let size = pages * Self.step
        let sources = [1: Self.random(40 * Self.step + 1234, seed: 1), 7: Self.random(35 * Self.step, seed: 2)]
        var known = KnownContent()
        for (source, bytes) in sources.sorted(by: { $0.key < $1.key }) { known.add(bytes, source: source, offset: 0) }
        for (source, bytes) in sources {
            for start in stride(from: 0, through: bytes.count - size, by: Self.step) {
                let window = bytes[start..<(start + size)]
                #expect(Self.ask(&known, window) == [.stored(source: source, offset: start)])
                #expect(
                    known.candidates(size: size, sum: CRC32.sum(of: window))
                        == [.stored(source: source, offset: start)])
                #expect(known.candidates(size: size, sum: CRC32.sum(of: window), half: 12345).isEmpty)
            }
            for start in stride(from: 512, through: bytes.count - size, by: Self.step) {
                #expect(Self.ask(&known, bytes[start..<(start + size)]).isEmpty)
            }
        }
    }

    /// Adding bytes in parts of any size, with queries in between, gives the same result as adding them at once.
    @Test(arguments: 0..<6) func anyCutting(seed: Int) {
        var random = SplitMix64(state: UInt64(seed) &+ 100)
        let bytes = Self.random(24 * Self.step, seed: UInt64(seed))
        var known = KnownContent()
        var fed = 0
        let largest = [1, 700, 2048, 4097, 10_000, 50_000][seed]
        while fed < bytes.count {
            let end = min(bytes.count, fed + Int.random(in: 1...max(1, largest), using: &random))
            known.add(bytes[fed..<end], source: 3, offset: fed)
            fed = end
            guard seed > 0 || fed % 1000 == 0 else { continue }
            let size = Self.step * [1, 2, 5].randomElement(using: &random, or: 1)
            let start = Self.step * Int.random(in: 0...(bytes.count - size) / Self.step, using: &random)
            let expected: [KnownContent.Candidate] =
                start + size <= fed ? [.stored(source: 3, offset: start)] : []
            #expect(Self.ask(&known, bytes[start..<(start + size)]) == expected)
        }
        #expect(known.count == bytes.count)
        for size in [1, 2, 5, 24].map({ $0 * Self.step }) {
            for start in stride(from: 0, through: bytes.count - size, by: Self.step) {
                #expect(Self.ask(&known, bytes[start..<(start + size)]) == [.stored(source: 3, offset: start)])
            }
        }
    }

    /// Gaps, unaligned starts, and interleaved sources: windows lie in one stretch, at multiples of 4 KiB.
    @Test func stretches() {
        let bytes = Self.random(20 * Self.step, seed: 5)
        func window(_ page: Int, _ count: Int = 1) -> ArraySlice<UInt8> {
            bytes[(page * Self.step)..<((page + count) * Self.step)]
        }
        var known = KnownContent()
        known.add(window(0, 3), source: 0, offset: 0)
        known.add(bytes[(5 * Self.step - 100)..<(8 * Self.step + 5)], source: 0, offset: 5 * Self.step - 100)
        // Too short for a window, and therefore forgotten.
        for page in 9..<12 { known.add(window(page).dropLast(), source: 0, offset: page * Self.step) }
        known.add(window(12, 2), source: 0, offset: 12 * Self.step)
        known.add(window(14), source: 1, offset: 0)
        known.add(window(14, 2), source: 0, offset: 14 * Self.step)
        known.add([], source: 0, offset: 0)
        known.add(window(1), source: 0, offset: -Self.step)
        known.add(window(1), source: 0, offset: Int.max - 5)
        known.add(window(1), source: 0, offset: 1)
        for page in 0..<20 {
            let expected: [KnownContent.Candidate] =
                switch page {
                case 0...2, 5...7, 12, 13, 15: [.stored(source: 0, offset: page * Self.step)]
                case 14: [.stored(source: 1, offset: 0), .stored(source: 0, offset: page * Self.step)]
                default: []
                }
            #expect(Self.ask(&known, window(page)) == expected, "\(page)")
        }
        for page in 0..<19 {
            let isThere = [0, 1, 5, 6, 12, 14].contains(page)
            #expect(Self.ask(&known, window(page, 2)).isEmpty == !isThere, "\(page)")
        }
        #expect(known.count < 12 * Self.step)
    }

    @Test func limits() {
        let bytes = Self.random(8 * Self.step, seed: 9)
        var known = KnownContent(limit: 5 * Self.step)
        known.add(bytes, source: 0, offset: 0)
        known.add(bytes, source: 1, offset: 0)
        #expect(known.count == 5 * Self.step)
        #expect(Self.ask(&known, bytes[..<Self.step]) == [.stored(source: 0, offset: 0)])
        #expect(Self.ask(&known, bytes[(5 * Self.step)..<(6 * Self.step)]).isEmpty)
        // For a repeated page, the number of candidates is limited, and the checksum of the half is compared first.
        var many = KnownContent()
        for index in 0..<50 { many.add(bytes[..<Self.step], source: 0, offset: index * Self.step) }
        let sum = CRC32.sum(of: bytes[..<Self.step])
        #expect(many.candidates(size: Self.step, sum: sum, most: 3).count == 3)
        #expect(many.candidates(size: Self.step, sum: sum).count == 8)
        #expect(many.candidates(size: Self.step, sum: sum, half: 0).isEmpty)
        #expect(many.candidates(size: Self.step, sum: sum, most: 0).isEmpty)
    }

    /// CRC is linear: chunks that differ by a multiple of the polynomial have the same checksum, and so have any equal
    /// concatenations that contain them. Only a checksum whose range ends within the difference distinguishes them.
    @Test func cutThroughTheDifference() {
        let ours = Self.random(Self.step, seed: 11)
        // x^32 + x^26 + … + 1, the first coefficient the lowest bit of the first byte: 33 bits.
        let multiple: [UInt8] = [0x41, 0x06, 0x71, 0xDB, 0x01]
        func changed(at place: Int) -> [UInt8] {
            var bytes = ours
            for (index, value) in multiple.enumerated() { bytes[place + index] ^= value }
            return bytes
        }
        var known = KnownContent()
        known.add(ours, source: 0, offset: 0)
        let before = Self.random(1000, seed: 12)
        for place in [0, 1000, Self.step / 2 - 2, Self.step - 5] {
            let theirs = changed(at: place)
            #expect(CRC32.sum(of: theirs) == CRC32.sum(of: ours))
            #expect(CRC32.sum(of: before + theirs + before) == CRC32.sum(of: before + ours + before))
            #expect(known.candidates(size: Self.step, sum: CRC32.sum(of: theirs)).count == 1)
            #expect(Self.ask(&known, theirs).isEmpty == (place == Self.step / 2 - 2))
        }
        // Shorter bursts are never missed.
        for place in stride(from: 0, to: Self.step - 4, by: 61) {
            var theirs = ours
            theirs[place] ^= 0x80
            theirs[place + 3] ^= 1
            #expect(Self.ask(&known, theirs).isEmpty)
        }
    }

    /// 64 MiB, mostly blank in the middle, in parts: the chip's content is found, and blank windows are not listed.
    @Test func large() {
        var known = KnownContent()
        let mebibyte = 1 << 20
        let pieces = (0..<64).map { $0 < 8 || $0 >= 60 ? Self.random(mebibyte, seed: UInt64($0)) : nil }
        let blank = [UInt8](repeating: 0xFF, count: mebibyte)
        for (index, piece) in pieces.enumerated() { known.add(piece ?? blank, source: 0, offset: index * mebibyte) }
        for (index, piece) in pieces.enumerated() {
            guard let piece else { continue }
            for size in [4096, 65536, 131_072] {
                for start in [0, 4096 * 3, mebibyte - size] {
                    #expect(
                        Self.ask(&known, piece[start..<(start + size)])
                            == [.stored(source: 0, offset: index * mebibyte + start)])
                }
            }
        }
        // Across the boundary between content and blank bytes.
        let border = (pieces[7] ?? []).suffix(8192) + blank.prefix(8192)
        #expect(Self.ask(&known, Array(border)) == [.stored(source: 0, offset: 8 * mebibyte - 8192)])
    }
}
