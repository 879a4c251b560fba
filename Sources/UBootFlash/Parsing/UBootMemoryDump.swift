import FlashAccess

/// Memory as printed by `md`, by the printed addresses (`cmd/mem.c`, `lib/display_options.c`, print_buffer).
///
/// `40200000: de ad be ef …    ................`: four blanks before the characters until 2021.07, two since 2021.10; a
/// short last line has been padded since 2013.04. Words of 2, 4 and 8 bytes are in the processor's byte order, the
/// characters always in memory order. Digits and characters check each other: a line in which they differ is rejected.
/// `nand dump` has had the same format since 2025.10.
package struct UBootMemoryDump: Sendable, Hashable {
    /// The width of the words in bytes.
    package enum Width: Int, Sendable, CaseIterable {
        case byte = 1
        case word = 2
        case long = 4
        case quad = 8

        /// The suffix of the command: `.b`.
        package var suffix: String {
            switch self {
            case .byte: ".b"
            case .word: ".w"
            case .long: ".l"
            case .quad: ".q"
            }
        }
    }

    /// The byte order of words in memory.
    package enum ByteOrder: String, Sendable, CaseIterable {
        case little
        case big
    }

    /// The bytes in memory order, at most 16 per line, by address.
    package private(set) var lines: [UInt64: [UInt8]] = [:]
    /// Lines that begin like dump lines but are damaged, or contradict another with the same address.
    package private(set) var rejected: [String] = []

    /// Parses the output of `md`.
    ///
    /// - Parameters:
    ///   - width: the requested width.
    ///   - order: the processor's byte order; irrelevant for single bytes.
    ///   - isPadded: false for builds with the tiny printf, which print `7` for `00000007`. A lost digit is then
    ///     detected only by the characters.
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

    /// The bytes from an address on; nil if one of them is missing.
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

    /// The processor's byte order, from a dump of words; nil if the dump does not show it.
    package static func order(of reply: UBootReply, width: Width) -> ByteOrder? {
        guard width != .byte else { return nil }
        let counts = ByteOrder.allCases.map { order in
            (order, UBootMemoryDump(reply, width: width, order: order).lines.count)
        }
        guard let best = counts.max(by: { $0.1 < $1.1 }), counts.filter({ $0.1 == best.1 }).count == 1 else {
            return nil
        }
        // In the right order every line is valid; the wrong one may pass by chance if all characters are dots.
        return best.1 > 0 ? best.0 : nil
    }

    /// Parses the text after the colon: words, each after a blank, then blanks, then characters.
    private static func bytes(
        _ text: ArraySlice<UInt8>, width: Int, order: ByteOrder, isPadded: Bool
    ) -> [UInt8]? {
        let perLine = 16 / width
        var rest = text
        var words: [ArraySlice<UInt8>] = []
        while words.count < perLine, rest.first == 0x20 {
            let digits = rest.dropFirst().prefix { ByteText.hexadecimalValue($0) != nil }
            // In a short line, text that does not follow exactly one blank belongs to the characters.
            guard !digits.isEmpty, isPadded ? digits.count >= width * 2 : true else { break }
            let taken = isPadded ? digits.prefix(width * 2) : digits.prefix(width * 2)
            words.append(taken)
            rest = rest.dropFirst(1 + taken.count)
        }
        guard !words.isEmpty else { return nil }
        let count = words.count * width
        let missing = (perLine - words.count) * (width * 2 + 1)
        // The line ends with one character per byte, after a known number of blanks.
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
