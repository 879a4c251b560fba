import FlashModel

/// The network of a simulated barebox, and the files in its RAM.
extension BareboxScenario {
    /// The network, as the board has it after its start.
    struct NetworkState: Sendable {
        /// `eth0.mode` and the addresses (`net/eth.c`, eth_register), before anybody has set them.
        static let usual = ["mode": "dhcp", "ipaddr": "0.0.0.0", "netmask": "0.0.0.0", "serverip": ""]
        /// Those that were set since the start.
        var changed: [String: String] = [:]
        /// Whether `ifup` was run: without it nothing is routed (`net/net.c`, net_route).
        var isUp = false
        /// The files in the root folder, which is in RAM (`fs/ramfs.c`).
        var files: [String: [UInt8]] = [:]
    }

    /// A command of the network or for files in RAM; nil if it is none.
    mutating func runNetwork(_ words: [String], _ line: String) -> LoaderAction? {
        guard network != nil, let first = words.first else { return nil }
        let forbidden = LoaderAction(offence: .init(kind: .forbidden, text: line))
        switch first {
        case "devinfo" where words == ["devinfo", "eth0"]: return LoaderAction(interface)
        case "ifup": return words == ["ifup", "eth0"] ? bringUp() : forbidden
        case "memcpy": return copy(words, line) ?? forbidden
        case "tftp": return send(words, line) ?? forbidden
        case "rm":
            guard words.count == 2, words[1].hasPrefix("/fk"),
                state.files.removeValue(forKey: String(words[1].dropFirst())) != nil
            else { return forbidden }
            return LoaderAction()
        default: break
        }
        // `common/hush.c`: an assignment with a dot is of a device's parameter.
        let assignment = line.split(separator: "=", maxSplits: 1).map(String.init)
        guard assignment.count == 2, assignment[0].hasPrefix("eth0.") else { return nil }
        let name = String(assignment[0].dropFirst(5))
        guard NetworkState.usual[name] != nil else { return forbidden }
        if !fixedParameters.contains(name) { state.changed[name] = assignment[1] }
        return LoaderAction()
    }

    private var parameters: [String: String] {
        NetworkState.usual.merging(ownParameters) { $1 }.merging(state.changed) { $1 }
    }

    /// `commands/devinfo.c`, do_devinfo; `lib/parameter.c`, get_param_type.
    private var interface: String {
        let values = parameters
        return """
            Parent: tap0
            Parameters:
              ethaddr: 02:00:00:00:00:01 (type: mac)
              gateway: 0.0.0.0 (type: ipv4)
              ipaddr: \(values["ipaddr"] ?? "") (type: ipv4)
              mode: \(values["mode"] ?? "") (type: enum) (values: "dhcp", "static", "disabled")
              netmask: \(values["netmask"] ?? "") (type: ipv4)
              serverip: \(values["serverip"] ?? "") (type: string)

            """
    }

    /// `net/ifup.c`, ifup_edev: in `dhcp`, a server is asked; here there is none.
    private mutating func bringUp() -> LoaderAction {
        guard parameters["mode"] == "static" else {
            return LoaderAction("T T T T dhcp: timeout\n", time: 10_000_000)
        }
        state.isUp = true
        return LoaderAction("eth0: 1000Mbps full duplex link detected\n", time: 2_000_000)
    }

    /// `commands/memcpy.c`, do_memcpy: from a file to another one, which is made.
    private mutating func copy(_ words: [String], _ line: String) -> LoaderAction? {
        guard words.count == 8, words[1] == "-s", words[2] == "/dev/\(name)", words[3] == "-d",
            words[4].hasPrefix("/fk"), words[6] == "0", words[5].hasPrefix("0x"), words[7].hasPrefix("0x"),
            let start = Int(words[5].dropFirst(2), radix: 16), let count = Int(words[7].dropFirst(2), radix: 16),
            let flash, count > 0, start + count <= flash.bytes.count
        else { return nil }
        let range = start..<start + count
        if let failure = firstFailure(range) {
            state.files[String(words[4].dropFirst())] = Array(flash.bytes[range.lowerBound..<failure])
            return LoaderAction("read: Error 74\n", offence: offence(range, line))
        }
        state.files[String(words[4].dropFirst())] = Array(flash.bytes[range])
        return LoaderAction(time: 200 + count / 4, offence: offence(range, line))
    }

    /// `commands/tftp.c`, do_tftpb, and `lib/libfile.c`, copy_file: the server is asked for the file first, and then it is
    /// written there. `fs/tftp.c` waits 15 s.
    private func send(_ words: [String], _ line: String) -> LoaderAction? {
        guard words.count == 4, words[1] == "-p", words[2].hasPrefix("/fk"), let network else { return nil }
        let path = "/.tftp_tmp_path/\(words[3])"
        guard let bytes = state.files[String(words[2].dropFirst())] else {
            return LoaderAction("could not open \(words[2]): No such file or directory\n")
        }
        guard state.isUp, let address = parameters["ipaddr"], address != "0.0.0.0",
            network.isHost(parameters["serverip"] ?? "")
        else { return LoaderAction("could not stat \(path): No route to host\n") }
        let (outcome, isReset) = network.upload(words[3], bytes, from: address)
        // `lib/show_progress.c`.
        let bar = "\t[" + String(repeating: " ", count: 64) + "]\r\t[" + String(repeating: "#", count: 64) + "\n"
        return switch outcome {
        case .done: LoaderAction(bar, time: 200 + bytes.count)
        case .refused: LoaderAction("could not open \(path): Permission denied\n", time: 5_000)
        case .silent:
            LoaderAction("could not stat \(path): Connection timed out\n", time: 15_000_000, isReset: isReset)
        }
    }
}
