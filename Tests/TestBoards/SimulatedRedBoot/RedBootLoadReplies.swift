import TestSupport

/// Effects and output of `load` and `ip_address`.
extension RedBootMachine {
    /// `load -r -b ADDRESS -m tftp|ymodem …` (`malta-2006-load-tftp`, `malta-2006-load-ymodem`, `malta-2006-go-errors`).
    mutating func load(_ words: [String], _ line: String) -> RedBootAction {
        let (options, error) = RedBootOptions.parse(
            words, numbers: ["b": "load address"], texts: ["m", "h"], flags: ["r", "v", "d"], takesPlain: true)
        if let error { return RedBootAction(text: error) }
        guard let address = options.numbers["b"], options.flags.contains("r") else {
            offend(.forbidden, line)
            return RedBootAction(text: "Raw load requires a memory address\n")
        }
        guard scenario.freeMemory.contains(address) else {
            offend(.memory, line)
            return RedBootAction(
                text: "Specified address (0x\(String(address, radix: 16))) is not believed to be in RAM - continue "
                    + "(y/n)? ", question: .nothing)
        }
        switch options.texts["m"] {
        case "ymodem": return RedBootAction(loadsTo: address)
        case "tftp":
            guard let host = options.texts["h"], let name = options.plain.first else {
                return RedBootAction(text: "File name required\n")
            }
            return fetch(name, from: host, to: address)
        default:
            offend(.forbidden, line)
            return RedBootAction(
                text: "Invalid 'mode': \(options.texts["m"] ?? "").  Valid modes are: disk http tftp ymodem xmodem\n")
        }
    }

    private mutating func fetch(_ name: String, from host: String, to address: UInt64) -> RedBootAction {
        // Without a network card it hangs (seen in 2012; no recording).
        guard let network = scenario.network else { return RedBootAction(isHang: true) }
        files.loads += 1
        loadedAt = nil
        guard network.isConnected, host == network.host, self.address.map({ $0 != "0.0.0.0" }) ?? false else {
            return RedBootAction(text: "Unable to reach host \(host) (\(host))\n", time: 5_000_000)
        }
        guard var bytes = files.offered[name] else {
            return RedBootAction(text: "Can't load '\(name)': file not found\n")
        }
        files.fetched.insert(name)
        if network.flips.contains(files.loads), !bytes.isEmpty { bytes[bytes.count / 2] ^= 0x10 }
        return loaded(bytes, at: address, byYMODEM: false)
    }

    /// Stores what came. Before 2004, YMODEM had no length: in each block whose last three bytes are 1A, all of these at
    /// its end are dropped (`redboot/current/src/xyzModem.c`, xyzModem_stream_read).
    mutating func loaded(_ bytes: [UInt8], at address: UInt64, byYMODEM: Bool) -> RedBootAction {
        var bytes = bytes
        if byYMODEM, scenario.generation == .y2003 {
            bytes = stride(from: 0, to: bytes.count, by: 1_024).flatMap { start -> [UInt8] in
                var block = Array(bytes[start..<min(bytes.count, start + 1_024)])
                block += [UInt8](repeating: 0x1A, count: 1_024 - block.count)
                guard block.suffix(3).allSatisfy({ $0 == 0x1A }) else { return block }
                while block.last == 0x1A { block.removeLast() }
                return block
            }
        }
        guard isMemory(address, bytes.count) else {
            offend(.memory, "a load of \(bytes.count) bytes")
            return RedBootAction(text: "*** Abort! RAW data spills over limit of user RAM at 0x82000000\n")
        }
        memory.write(address, bytes)
        loadedAt = address
        let text = { (value: UInt64) in "0x" + String(value, radix: 16) }
        return RedBootAction(
            text: "Raw file loaded \(text(address))-\(text(address + UInt64(bytes.count) - 1)), assumed entry at "
                + "\(text(address))\n"
                + (byYMODEM
                    ? "xyzModem - CRC mode, 2(SOH)/\(bytes.count / 1_024)(STX)/0(CAN) packets, 3 retries\n" : ""))
    }

    /// `malta-2006-ip`; in one line, without a mask, in 2003 (`redboot/current/src/net/net_io.c`, show_addrs).
    mutating func setAddress(_ words: [String]) -> RedBootAction {
        guard let network = scenario.network else {
            return RedBootAction(text: "Sorry, networking is not available.\n")
        }
        let (options, error) = RedBootOptions.parse(words, texts: ["l", "h"])
        if let error { return RedBootAction(text: error) }
        if let text = options.texts["l"] {
            let parts = text.split(separator: "/")
            guard let first = parts.first, first.split(separator: ".").count == 4,
                parts.count == 1 || scenario.generation != .y2003
            else { return RedBootAction(text: "Invalid local IP address: \(text)\n") }
            address = String(first)
        }
        let server = options.texts["h"] ?? network.host
        let board = address ?? "0.0.0.0"
        guard scenario.generation != .y2003 else {
            return RedBootAction(text: "IP: \(board), Default server: \(server)\n")
        }
        return RedBootAction(
            text: "IP: \(board)/255.255.255.0, Gateway: 0.0.0.0\nDefault server: \(server), DNS server IP: 0.0.0.0\n")
    }
}
