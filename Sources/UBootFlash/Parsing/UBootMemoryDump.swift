import FlashAccess

/// Memory as `md` shows it, keyed by the addresses that it prints (`cmd/mem.c`, `lib/display_options.c`,
/// print_buffer).
///
/// `40200000: de ad be ef …    ................`: four blanks before the characters up to 2021.07, two since 2021.10; a
/// short last line is padded since 2013.04. Words of 2, 4 and 8 bytes are printed in the processor's order, the
/// characters always in the order of memory. Characters check digits and digits characters: a line in which they differ
/// is not believed. `nand dump` since 2025.10 prints likewise.
package struct UBootMemoryDump: Sendable, Hashable {
    /// How wide the words are, in bytes.
    package enum Width: Int, Sendable, CaseIterable {
        case byte = 1
        case word = 2
        case long = 4
        case quad = 8

        /// The ending of the command: `.b`.
        package var suffix: String {
            switch self {
            case .byte: ".b"
            case .word: ".w"
            case .long: ".l"
            case .quad: ".q"
            }
        }
    }

    /// The order of a word's bytes in memory.
    package enum ByteOrder: String, Sendable, CaseIterable {
        case little
        case big
    }

    /// Address → bytes in the order of memory, at most 16 a line.
    package private(set) var lines: [UInt64: [UInt8]] = [:]
    /// Lines that begin as lines of a dump do and are damaged, or contradict another of the same address.
    package private(set) var rejected: [String] = []

    /// Parses what `md` printed.
    ///
    /// - Parameters:
    ///   - width: what was asked for.
    ///   - order: the processor's; makes no difference for single bytes.
    ///   - isPadded: false for builds with the tiny printf, which print `7` for `00000007`. A lost digit is then found
    ///     only where the characters tell.
    package init(_ reply: UBootReply, width: Width, order: ByteOrder = .little, isPadded: Bool = true) {
        var contradicted: Set<UInt64> = []
        for line in reply.lines {
            guard let colon = line.bytes.prefix(17).firstIndex(of: 0x3A),
                let address = ByteText(line.bytes[..<colon]).address, colon - line.bytes.startIndex >= 8
            else { continue }
            let rest = line.bytes[(colon + 1)...]
            let bytes = Self.bytes(rest, width: width.rawValue, order: order, isPadded: isPadded)
            if let bytes, lines[address].map({ $0 == bytes }) ?? true, !contradicted.contains(address) {
                lines[address] = bytes
            } else {
                if bytes != nil { contradicted.insert(address) }
                if bytes != nil { lines[address] = nil }
                if rejected.count < BoardLimits.warnings { rejected.append(line.string(limit: 120)) }
            }
        }
    }

    /// The bytes from an address on; nil where one of them is missing.
    package func bytes(at address: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, count <= BoardLimits.replyBytes else { return nil }
        var result: [UInt8] = []
        var position = address
        while result.count < count {
            guard let line = lines[position] else { return nil }
            result += line
            let (next, overflow) = position.addingReportingOverflow(UInt64(line.count))
            if overflow, result.count < count { return nil }
            position = next
        }
        return Array(result.prefix(count))
    }

    /// The order in which the processor keeps the bytes of a word, by a dump of words; nil where the dump does not tell.
    package static func order(of reply: UBootReply, width: Width) -> ByteOrder? {
        guard width != .byte else { return nil }
        let counts = ByteOrder.allCases.map { order in
            (order, UBootMemoryDump(reply, width: width, order: order).lines.count)
        }
        guard let best = counts.max(by: { $0.1 < $1.1 }), counts.filter({ $0.1 == best.1 }).count == 1 else {
            return nil
        }
        // In the right order every line is whole; the wrong one may pass by chance where all is dots.
        return best.1 > 0 ? best.0 : nil
    }

    /// What follows the colon: words, each behind a blank, blanks, characters.
    private static func bytes(
        _ text: ArraySlice<UInt8>, width: Int, order: ByteOrder, isPadded: Bool
    ) -> [UInt8]? {
        let perLine = 16 / width
        var rest = text
        var words: [ArraySlice<UInt8>] = []
        while words.count < perLine, rest.first == 0x20 {
            let digits = rest.dropFirst().prefix { ByteText.hexadecimalValue($0) != nil }
            // A short line: what is not behind exactly one blank belongs to the characters.
            guard !digits.isEmpty, isPadded ? digits.count >= width * 2 : true else { break }
            let taken = isPadded ? digits.prefix(width * 2) : digits.prefix(width * 2)
            words.append(taken)
            rest = rest.dropFirst(1 + taken.count)
        }
        guard !words.isEmpty else { return nil }
        let count = words.count * width
        let missing = (perLine - words.count) * (width * 2 + 1)
        // The characters are the end of the line, one for each byte; before them blanks of a known number.
        guard rest.count >= count else { return nil }
        let gap = rest.dropLast(count)
        let characters = rest.suffix(count)
        let gaps = isPadded ? [2, 4, 2 + missing, 4 + missing] : Array(2...(4 + 17 * perLine))
        guard gap.allSatisfy({ $0 == 0x20 }), gaps.contains(gap.count) else { return nil }
        var result: [UInt8] = []
        for word in words {
            var value: UInt64 = 0
            for byte in word {
                guard let digit = ByteText.hexadecimalValue(byte) else { return nil }
                value = value << 4 | UInt64(digit)
            }
            let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
            result += order == .little ? little : little.reversed()
        }
        let isSame = zip(result, characters).allSatisfy { byte, character in
            character == ((0x20...0x7E).contains(byte) ? byte : 0x2E)
        }
        return isSame ? result : nil
    }
}
