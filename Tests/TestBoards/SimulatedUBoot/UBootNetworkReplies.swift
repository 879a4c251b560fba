/// Effects and output of the network commands. The formats are those of the recordings `*-tftpput*`, `*-ping*` and
/// `*-setenv-network*`; those of HiSilicon's `tftp` are in its `net/tftp.c`, and in posted logs.
extension UBootMachine {
    /// Variables that may be set, in RAM only.
    private static let settable: Set<String> = [
        "ipaddr", "serverip", "netmask", "gatewayip", "ethaddr", "ncip", "ncoutport", "ncinport", "stdout",
        "tftptimeout", "autostart", "autoscript",
    ]

    /// Silent (`lab-malta-built-setenv-network`). `ethaddr` is set once (`env/flags.c`, env_flags_validate); a console
    /// that does not exist is an error (`common/console.c`, on_console).
    mutating func setVariable(_ words: [String], _ line: String) -> Done {
        guard words.count >= 2, Self.settable.contains(words[1]) else {
            offend(.forbidden, line)
            return Done()
        }
        let value = words.dropFirst(2).joined(separator: " ")
        switch words[1] {
        case "ethaddr" where variables["ethaddr"] != nil:
            return Done(
                text: "## Error: Can't overwrite \"ethaddr\"\n## Error inserting \"ethaddr\" variable, errno=1\n")
        case "stdout":
            guard value == "serial" || (value == "nc" && scenario.commands.contains("coninfo")) else {
                return Done(text: "## Error inserting \"stdout\" variable, errno=22\n")
            }
            printsToNetwork = value == "nc"
            if printsToNetwork, variables["ncip"].map({ !$0.hasPrefix(scenario.network?.host ?? "-") }) ?? true {
                offend(.forbidden, "the console was sent to \(variables["ncip"] ?? "all")")
            }
        default: break
        }
        variables[words[1]] = value.isEmpty ? nil : value
        return Done()
    }

    /// `malta-put-baudrate`, with a console over the network beside the line.
    func consoles() -> Done {
        Done(
            text:
                "List of available devices:\nserial@3f8 00000007 IO stdin stdout stderr \nserial   00000003 IO \n"
                + "nc       00000003 IO \n"
        )
    }

    /// `lab-malta-built-ping`.
    func ping(_ words: [String]) -> Done {
        if let missing = missingAddress { return Done(text: missing) }
        guard words.count == 2 else { return Done() }
        guard isReached(words[1]) else {
            return Done(
                text: "Using pcnet#0 device\n",
                later: [
                    (
                        25_000_000,
                        "\nARP Retry count exceeded; starting again\nping failed; host \(words[1]) is not alive\n"
                    )
                ], interruption: "Abort")
        }
        return Done(text: "Using pcnet#0 device\nhost \(words[1]) is alive\n", time: 2_000)
    }

    /// `tftpput ADDRESS SIZE FILE` (`malta-put-tftpput`, `-arp-fails`, `-access`, `-stalls-ctrlc`), or
    /// `tftp ADDRESS FILE SIZE`.
    mutating func upload(_ words: [String], isVendors: Bool) -> Done {
        guard words.count == 4, let address = Self.number(words[1]),
            let size = Self.number(words[isVendors ? 3 : 2])
        else {
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
        if let missing = missingAddress { return Done(text: missing) }
        let name = words[isVendors ? 2 : 3]
        let server = variables["serverip"] ?? ""
        guard let bytes = bytes(at: address, Int(clamping: size)) else { return crash("tftpput \(words[1])") }
        uploads.begun += 1
        let printed = TFTPPrintout(isVendors: isVendors)
        let start =
            "Using pcnet#0 device\nTFTP to server \(server); our IP address is \(variables["ipaddr"] ?? "")\n"
            + printed.uploadStart(name, address: address, size: bytes.count)
        guard isReached(server) else {
            return Done(
                text: start,
                later: (1...8).map { _ in (25_000_000, "\nARP Retry count exceeded; starting again\n") },
                interruption: "Abort")
        }
        let fault =
            scenario.network?.uploadFaults[uploads.begun]
            ?? scenario.network?.repeatedFault.flatMap { uploads.begun % $0.every == 0 ? $0.fault : nil }
        var sent = bytes
        switch fault {
        case .stalls:
            return Done(text: start + printed.marks(44_000), later: timeouts(printed), interruption: "Abort")
        case .refused: return refused(start, "Access violation", 2, printed)
        case .flips(let place): if !sent.isEmpty { sent[place % sent.count] ^= 0x10 }
        case .short(let count): sent.removeLast(min(count, sent.count))
        case nil: break
        }
        guard scenario.network?.answersTFTP ?? false else {
            return Done(text: start, later: timeouts(printed), interruption: "Abort")
        }
        guard let awaited = uploads.awaited[name], uploads.arrived[name] == nil else {
            return refused(start, "No upload is expected under this name.", 2, printed)
        }
        if sent.count == awaited { uploads.arrived[name] = sent }
        return Done(text: start + printed.end(sent.count, "upload"), time: 200 + sent.count / 5)
    }

    /// `tftpboot ADDRESS FILE` (`malta-put-tftpboot`, `malta-put-tftpboot-missing`), or `tftp ADDRESS FILE`.
    mutating func fetch(_ words: [String]) -> Done {
        guard words.count == 3, let address = Self.number(words[1]) else {
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
        if let missing = missingAddress { return Done(text: missing) }
        let server = variables["serverip"] ?? ""
        uploads.loads += 1
        let printed = TFTPPrintout(isVendors: words[0] == "tftp" && scenario.tftpHelp.contains("upload"))
        let start =
            "Using pcnet#0 device\nTFTP from server \(server); our IP address is \(variables["ipaddr"] ?? "")\n"
            + printed.downloadStart(words[2], address: address)
        guard isReached(server) else {
            return Done(
                text: start,
                later: (1...8).map { _ in (25_000_000, "\nARP Retry count exceeded; starting again\n") },
                interruption: "Abort")
        }
        guard scenario.network?.answersTFTP ?? false else {
            return Done(text: start, later: timeouts(printed), interruption: "Abort")
        }
        guard let offered = uploads.offered[words[2]] else {
            return refused(start, "There is no such file.", 1, printed)
        }
        var bytes = offered
        let fault =
            scenario.network?.loadFaults[uploads.loads]
            ?? scenario.network?.repeatedLoadFault.flatMap { uploads.loads % $0.every == 0 ? $0.fault : nil }
        switch fault {
        case .stalls(let count):
            let stored = store(Array(bytes.prefix(count)), at: address, "tftpboot")
            if stored.crash != nil { return stored }
            return Done(text: start + printed.marks(count), later: timeouts(printed), interruption: "Abort")
        case .refused: return refused(start, "Access violation", 2, printed)
        case .flips(let place): if !bytes.isEmpty { bytes[place % bytes.count] ^= 0x10 }
        case .short(let count): bytes.removeLast(min(count, bytes.count))
        case nil: break
        }
        let stored = store(bytes, at: address, "tftpboot")
        if stored.crash != nil { return stored }
        if !bytes.isEmpty, bytes.count == offered.count { uploads.fetched.insert(words[2]) }
        return Done(text: start + printed.end(bytes.count, "download") + autostart(), time: 200 + bytes.count / 5)
    }

    /// Reports an offence if loaded content would be started automatically (`cmd/bootm.c`, bootm_maybe_autostart).
    mutating func autostart() -> String {
        guard ["autostart", "autoscript"].contains(where: { variables[$0] == "yes" }) else { return "" }
        offend(.forbidden, "what was loaded was started")
        return "Automatic boot of image at addr 0x81000000 ...\n"
    }

    /// The server's error ends it; HiSilicon's begins again after 10 s (U-Boot 2010.06 `net/net.c`, NetStartAgain).
    private func refused(_ start: String, _ reason: String, _ code: Int, _ printed: TFTPPrintout) -> Done {
        let error = printed.error(reason, code)
        guard printed.isVendors else { return Done(text: start + error) }
        return Done(text: start + error, later: (1...8).map { _ in (10_000_000, start + error) }, interruption: "Abort")
    }

    /// `T ` at each timeout, ten times; then starts over (`malta-put-tftpput-no-answer`).
    private func timeouts(_ printed: TFTPPrintout) -> [(Int, String)] {
        let wait =
            printed.isVendors ? 3_000_000 : (variables["tftptimeout"].flatMap { Int($0) } ?? 5_000) * 1_000
        return (1...30).map {
            (wait, printed.timeout + ($0 % 10 == 0 ? "\nRetry count exceeded; starting again\n" : ""))
        }
    }

    /// `sabrelite-put-no-ethaddr`, `lab-malta-tftpboot-no-ip`, `malta-put-tftp-noip`.
    private var missingAddress: String? {
        if variables["ethaddr"] == nil { return "Error: ethernet@0 address not set.\nNo ethernet found.\n" }
        if variables["serverip"] == nil { return "*** ERROR: `serverip' not set\n" }
        if variables["ipaddr"] == nil { return "*** ERROR: `ipaddr' not set\n" }
        return nil
    }

    private func isReached(_ address: String) -> Bool {
        scenario.network.map { $0.isConnected && $0.host == address } ?? false
    }
}
