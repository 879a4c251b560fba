/// The negotiated parameters of a transfer.
package struct TFTPTerms: Sendable, Equatable {
    /// Bytes of every block except the last, 8...65464 (RFC 2348).
    package var blockSize = 512
    /// The number of blocks sent before an answer is awaited, 1...32767 (RFC 7440 allows more, but then block numbers
    /// would be ambiguous).
    package var windowSize = 1
    /// How long to wait for an answer, in whole seconds, 1...255 (RFC 2349); nil if not negotiated.
    package var timeoutSeconds: Int?
    /// The options of the answer, in the order of the request. Empty: there is no answer, and the first DATA or ACK
    /// follows immediately (RFC 2347).
    package var answer: [TFTPOption] = []

    package init(blockSize: Int = 512, windowSize: Int = 1, timeoutSeconds: Int? = nil, answer: [TFTPOption] = []) {
        self.blockSize = blockSize
        self.windowSize = windowSize
        self.timeoutSeconds = timeoutSeconds
        self.answer = answer
    }
}

/// The limits within which a server grants a client's options.
package struct TFTPLimits: Sendable, Equatable {
    /// The maximum block size in bytes, 8...65464.
    package var blockSize: Int
    /// The maximum window size in blocks, 1...32767.
    package var windowSize: Int
    /// The maximum window size in bytes; a window of one block may be larger.
    package var windowBytes: Int

    package init(blockSize: Int = 65_464, windowSize: Int = 1_024, windowBytes: Int = 1 << 20) {
        self.blockSize = min(max(8, blockSize), 65_464)
        self.windowSize = min(max(1, windowSize), 32_767)
        self.windowBytes = max(1, windowBytes)
    }

    /// For sending: the window is in this computer's memory.
    package static let sending = TFTPLimits()
    /// For receiving: a window must fit in the socket's buffer of 208 KiB, in which the kernel counts a small packet as
    /// 768 bytes and one of 1468 bytes as 2304.
    package static let receiving = TFTPLimits(windowSize: 64, windowBytes: 128 << 10)
}

/// Option negotiation (RFC 2347, 2348, 2349, 7440). Pure.
package enum TFTPNegotiation {
    /// The size that a client announces for an upload (RFC 2349); nil if it announces none, or not a number.
    package static func announcedSize(_ options: [TFTPOption]) -> Int? {
        options.first { $0.name.lowercased() == "tsize" }.flatMap { number($0.value) }
    }

    /// Negotiates the options of a request.
    ///
    /// An unknown option, or one whose value is out of range, is left out of the answer, as RFC 2347 requires: the
    /// client then continues without it. If an option is repeated, the first counts.
    ///
    /// - Parameters:
    ///   - options: as the client sent them.
    ///   - size: the size in bytes of the file to read, or the size that the client announced for an upload; nil if
    ///     unknown.
    package static func terms(for options: [TFTPOption], size: Int?, limits: TFTPLimits) -> TFTPTerms {
        var terms = TFTPTerms()
        var seen: Set<String> = []
        var windowPlace: Int?
        for option in options {
            let name = option.name.lowercased()
            guard seen.insert(name).inserted, let value = number(option.value) else { continue }
            switch name {
            case "blksize":
                guard value >= 8 else { continue }
                terms.blockSize = min(value, limits.blockSize)
                terms.answer.append(TFTPOption(option.name, "\(terms.blockSize)"))
            case "timeout":
                guard (1...255).contains(value) else { continue }
                terms.timeoutSeconds = value
                // Exactly as received: clients treat any other spelling as a different value.
                terms.answer.append(option)
            case "tsize":
                guard let size else { continue }
                terms.answer.append(TFTPOption(option.name, "\(size)"))
            case "windowsize":
                guard (1...65_535).contains(value) else { continue }
                terms.windowSize = min(value, limits.windowSize)
                windowPlace = terms.answer.count
                terms.answer.append(option)
            default: continue
            }
        }
        // The block size option may follow the window option.
        if let windowPlace {
            terms.windowSize = min(terms.windowSize, max(1, limits.windowBytes / terms.blockSize))
            terms.answer[windowPlace].value = "\(terms.windowSize)"
        }
        return terms
    }

    /// Parses a decimal number without sign, up to 2^62.
    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 19, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text).flatMap { $0 <= 1 << 62 ? $0 : nil }
    }
}
