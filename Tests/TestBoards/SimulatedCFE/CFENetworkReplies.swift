import FlashModel

/// The network of a simulated CFE.
extension CFEScenario {
    /// `ui/ui_netcmds.c`, ui_cmd_ifconfig and ui_showifconfig.
    mutating func ifconfig(_ words: [String], _ line: String) -> LoaderAction {
        if !words.isEmpty {
            guard words.first == "eth0" else {
                return ended("Could not activate network interface '\(words[0])': Device not found\n", status: -6)
            }
            for word in words.dropFirst() {
                let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
                guard pair.count == 2, ["-addr", "-mask"].contains(pair[0]) else {
                    return LoaderAction(offence: .init(kind: .forbidden, text: line))
                }
                if pair[0] == "-addr" { newAddress = pair[1] } else { mask = pair[1] }
            }
            if address == nil { newAddress = "not set" }
        }
        guard let address else { return ended("Network interface has not been configured\n") }
        return ended(
            "Device eth0:  hwaddr 00-0D-A0-00-00-01, ipaddr \(address), mask \(mask)\n"
                + "        gateway not set, nameserver not set\n")
    }

    /// `ui/ui_loadcmds.c`, ui_cmd_save; the server's words and times are those of `net/net_tftp.c`, _tftp_open.
    func save(_ words: [String], _ line: String) -> LoaderAction {
        let numbers = words.dropFirst().map { text in
            UInt64(text.hasPrefix("0x") ? text.dropFirst(2) : text[...], radix: 16)
        }
        let place = words.first?.split(separator: ":", maxSplits: 1).map(String.init) ?? []
        guard words.count == 3, let start = numbers[0], let count = numbers[1], place.count == 2,
            let bytes = bytes(at: start, count: Int(count)), let network
        else { return LoaderAction("Exception\n", isHang: true, offence: .init(kind: .memory, text: line)) }
        guard let address, address != "not set", network.isHost(place[0]) else {
            return ended("Could not dump data to network: Network is down\n", status: -24)
        }
        let (outcome, isReset) = network.upload(place[1], bytes, from: address)
        switch outcome {
        case .done: return ended("\(count) bytes written to \(words[0])\n")
        case .refused:
            return ended("TFTP error 2: No.\nCould not dump data to network: Protocol error\n", status: -30)
        case .silent:
            return LoaderAction(
                "Could not dump data to network: Timeout occured\n*** command status = -10\n", time: 12_000_000,
                isReset: isReset)
        }
    }
}
