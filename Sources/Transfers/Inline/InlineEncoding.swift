/// How flash data crosses the same channel as the commands.
package struct InlineEncoding: Sendable, Hashable {
    /// A program of the board that turns bytes into others, for lines that do not pass all of them.
    package enum TextForm: String, Sendable, CaseIterable {
        case base64
        case uuencode
        case xxd
        case hexdump
        case od
        /// The bytes twice, without tabs, which a terminal may expand to blanks (`XTABS`, as busybox's telnetd sets
        /// it): once with 1 in the place of each tab, once with 2 in the place of each 1 and 1 in that of each tab.
        case tr

        /// Characters that it needs for a byte, with line ends; measured on busybox 1.35.
        package var charactersPerByte: Double {
            switch self {
            case .base64, .uuencode: 1.37
            case .xxd, .hexdump: 2.04
            case .od: 3.06
            case .tr: 2.01
            }
        }
    }

    /// Whether the board packs the bytes with gzip first, which also adds a CRC-32.
    package var isCompressed: Bool
    /// The text form; nil sends the bytes as they are.
    package var text: TextForm?

    package init(isCompressed: Bool, text: TextForm?) {
        self.isCompressed = isCompressed
        self.text = text
    }

    /// The bytes as they are.
    package static let raw = InlineEncoding(isCompressed: false, text: nil)

    /// For people: `raw`, `gzip`, `gzip+base64`.
    package var name: String {
        [isCompressed ? "gzip" : nil, text?.rawValue].compactMap { $0 }.joined(separator: "+").nonEmpty ?? "raw"
    }

    /// The programs that it needs on the board.
    package var tools: [String] {
        (isCompressed ? ["gzip"] : []) + (text.map { [$0.rawValue] } ?? [])
    }

    /// A reading command whose bytes come encoded.
    ///
    /// - Parameters:
    ///   - read: the command; it is said twice where the bytes come twice.
    ///   - invocation: how a tool is called on this board, such as `busybox od`.
    package func command(_ read: String, _ invocation: (String) -> String) -> String {
        if text == .tr {
            let tr = invocation("tr")
            return "\(read)|\(tr) '\\011' '\\001';\(read)|\(tr) '\\001\\011' '\\002\\001'"
        }
        return read + pipe(invocation)
    }

    private func pipe(_ invocation: (String) -> String) -> String {
        var stages: [String] = []
        if isCompressed { stages.append("\(invocation("gzip")) -c") }
        switch text {
        case .base64: stages.append(invocation("base64"))
        case .uuencode: stages.append("\(invocation("uuencode")) -m x")
        case .xxd: stages.append("\(invocation("xxd")) -p")
        case .hexdump: stages.append("\(invocation("hexdump")) -v -e '32/1 \"%02x\" \"\\n\"'")
        case .od: stages.append("\(invocation("od")) -v -An -tx1")
        case .tr, nil: break
        }
        return stages.map { "|\($0)" }.joined()
    }

    /// The bytes that were read, from what arrived.
    ///
    /// - Parameters:
    ///   - lineEndsAreMapped: whether a terminal made `CR LF` of each `LF`. A CR that was there stays, so that exactly
    ///     the one before each LF is the terminal's.
    ///   - limit: the most bytes that may come out.
    /// - Returns: nil where what arrived is damaged.
    package func decode(_ arrived: [UInt8], lineEndsAreMapped: Bool, limit: Int) -> [UInt8]? {
        var bytes: [UInt8]?
        switch text {
        case nil: bytes = lineEndsAreMapped ? Self.unmap(arrived) : arrived
        case .base64: bytes = TextDecoding.base64(arrived)
        case .uuencode: bytes = TextDecoding.uuencodedBase64(arrived)
        case .xxd, .hexdump, .od: bytes = TextDecoding.hexadecimal(arrived)
        case .tr: bytes = TextDecoding.twiceWithoutTabs(lineEndsAreMapped ? Self.unmap(arrived) : arrived)
        }
        guard let bytes else { return nil }
        if isCompressed { return GzipMember.unpack(bytes, limit: limit) }
        return bytes.count <= limit ? bytes : nil
    }

    /// The most bytes that may arrive for so many bytes of flash.
    package func arrivalLimit(for count: Int) -> Int {
        let packed = isCompressed ? count + count / 512 + 4_096 : count
        // A terminal may double every byte: each could be a line end.
        let perByte = text == .tr ? 4 : text.map { $0.charactersPerByte * 1.1 } ?? 2
        return Int(Double(packed) * perByte) + 65_536
    }

    private static func unmap(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte == 0x0A, result.last == 0x0D { result.removeLast() }
            result.append(byte)
        }
        return result
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
