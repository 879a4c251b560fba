/// Output of the board, and the time of its transmission.
extension UBootMachine {
    mutating func emit(_ text: String) {
        emit(raw: ended(text))
    }

    mutating func emit(raw bytes: [UInt8]) {
        if printsToNetwork { return send(bytes) }
        var at = max(clock, lineFree)
        for byte in bytes {
            at += scenario.characterTime
            output.add(byte, at: at)
        }
        lineFree = at
    }

    /// Prints over the network (`drivers/net/netconsole.c`, nc_stdio_puts, 2023.01: a datagram for each text that is
    /// printed). Here each line is a datagram. UDP confirms nothing, so lost ones are missing (RFC 768).
    private mutating func send(_ bytes: [UInt8]) {
        for datagram in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let isFirst = datagram.offset == 0
            let content = (isFirst ? [] : [0x0A]) + Array(datagram.element)
            guard !content.isEmpty else { continue }
            lineFree = max(clock, lineFree) + 100
            uploads.datagrams += 1
            if let every = scenario.network?.losesEvery, uploads.datagrams % every == 0 { continue }
            if let last = scenario.network?.breaksAfter, uploads.datagrams > last { continue }
            guard isNetworkHeard, scenario.network?.isConnected ?? false else { continue }
            for byte in content { networkOutput.add(byte, at: lineFree) }
        }
    }

    /// Pauses the output.
    mutating func rest(_ time: Int) { lineFree = max(clock, lineFree) + time }

    /// Applies the board's line ends.
    func ended(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte == 0x0A {
                result += scenario.lineEnd == .reversed ? [0x0A, 0x0D] : [0x0D, 0x0A]
            } else {
                result.append(byte)
            }
        }
        return result
    }

    /// Discards output that has not been transmitted yet: here a whole command's, on a real board what is in the FIFO.
    mutating func cutOutput() {
        output.cut(after: clock)
        networkOutput.cut(after: clock)
        lineFree = clock
    }
}
