/// How flash data is encoded on the channel that it shares with the commands.
package struct InlineEncoding: Sendable, Hashable {
    /// A program on the board that encodes bytes, for lines that do not pass all of them.
    package enum TextForm: String, Sendable, CaseIterable {
        case base64
        case uuencode
        case xxd
        case hexdump
        case od
        /// Sends the bytes twice, without tabs, which a terminal may expand to blanks (`XTABS`, as set by busybox's
        /// telnetd): once with each tab replaced by 1, and once with each 1 replaced by 2 and each tab by 1.
        case tr

        /// Characters per byte, including line ends; measured on busybox 1.35.
        package var charactersPerByte: Double {
            switch self {
            case .base64, .uuencode: 1.37
            case .xxd, .hexdump: 2.04
            case .od: 3.06
            case .tr: 2.01
            }
        }
    }

    /// Whether the board compresses the bytes with gzip first, which also adds a CRC-32.
    package var isCompressed: Bool
    /// The text form; nil sends raw bytes.
    package var text: TextForm?

    package init(isCompressed: Bool, text: TextForm?) {
        self.isCompressed = isCompressed
        self.text = text
    }

    /// Raw bytes.
    package static let raw = InlineEncoding(isCompressed: false, text: nil)

    /// For people: `raw`, `gzip`, `gzip+base64`.
    package var name: String {
        [isCompressed ? "gzip" : nil, text?.rawValue].compactMap { $0 }.joined(separator: "+").nonEmpty ?? "raw"
    }

    /// The programs that it requires on the board.
    package var tools: [String] {
        (isCompressed ? ["gzip"] : []) + (text.map { [$0.rawValue] } ?? [])
    }

    /// A read command with encoded output.
    ///
    /// - Parameters:
    ///   - read: the command; it is repeated for a form that sends the bytes twice.
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

    /// Decodes the received bytes.
    ///
    /// - Parameters:
    ///   - lineEndsAreMapped: whether a terminal turned each `LF` into `CR LF`. Existing CRs are kept, so exactly the
    ///     one before each LF is the terminal's.
    ///   - limit: the maximum size of the result in bytes.
    /// - Returns: nil if the received bytes are damaged.
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

    /// The maximum number of received bytes for `count` bytes of flash.
    package func arrivalLimit(for count: Int) -> Int {
        let packed = isCompressed ? count + count / 512 + 4_096 : count
        // A terminal may double every byte, because each could be a line end.
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
