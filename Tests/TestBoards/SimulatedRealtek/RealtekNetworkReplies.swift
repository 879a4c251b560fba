import FlashModel

/// The TFTP server of a simulated loader of Realtek.
extension RealtekScenario {
    /// Its variables (`boot/tftpd.c`, tftpd_entry; `boot/monitor.c`).
    struct NetworkState: Sendable {
        var burns = true
        /// FILESTART (`boot/etherboot.h`).
        var loadAddress: UInt64 = 0x8050_0000
        var address = "192.168.1.6"
        /// Set by FLR and by uploads.
        var length = 0
        /// one_tftp_lock: a transfer has begun, and its last block was not acknowledged.
        var isBusy = false
    }

    /// `monitor.c`, CmdAuto, CmdLoad, CmdCfn.
    mutating func set(_ command: String, _ words: [String], _ line: String) -> LoaderAction {
        guard let word = words.first, words.count == 1 else {
            // Old builds read what the last line has left.
            return LoaderAction(offence: .init(kind: .forbidden, text: line))
        }
        switch command {
        case "AUTOBURN":
            state.burns = burnsAlways || word.first != "0"
            return LoaderAction(
                "AutoBurning=\(state.burns ? 1 : 0)\n",
                offence: word == "0" ? nil : .init(kind: .forbidden, text: line))
        case "LOADADDR":
            state.loadAddress = UInt64(word, radix: 16) ?? 0
            return LoaderAction("Set TFTP Load Addr 0x\(String(state.loadAddress, radix: 16))\n")
        default:
            state.address = word
            return LoaderAction(
                "Now your Target IP is \(word)\n",
                offence: state.burns
                    ? .init(kind: .forbidden, text: "a server that writes what it gets: \(line)") : nil)
        }
    }

    /// `boot/tftpd.c`, setTFTP_RRQ, tftpd_send_data: any name is answered with what is at the load address; but a request
    /// is taken only if none is open (kick_tftpd).
    package mutating func serve(_ name: String, at address: String) -> (text: String, bytes: [UInt8])? {
        guard address == state.address, !state.isBusy else { return nil }
        state.isBusy = true
        let digits = String(state.length, radix: 16, uppercase: true)
        let start = state.loadAddress + (servesElsewhere ? 0x100 : 0)
        return (
            "\nFile Start: \(String(state.loadAddress, radix: 16)),length=\(digits.lowercased())\n"
                + "\n**TFTP GET File \(name),Size \(digits) Byte\n",
            ram(start, state.length)
        )
    }

    /// prepareDATA ends the transfer; errorDrop complains of the second acknowledgement.
    package mutating func endServing() -> String? {
        guard state.isBusy else { return nil }
        state.isBusy = false
        let digits = String(state.length, radix: 16, uppercase: true)
        return
            "\n*TFTP Client Download Success! File Size = \(digits) Bytes\n.Success!\n\(prompt)Boot state error,0,0\n"
    }

    /// prepareACK: a file replaces what is at the load address. checkAutoFlashing writes it to flash, which is an offence
    /// here: it must be off by then.
    package mutating func takeFile(_ bytes: [UInt8], at address: String) -> LoaderAction? {
        guard address == state.address, !state.isBusy else { return nil }
        memory.write(state.loadAddress, bytes)
        state.length = bytes.count
        return LoaderAction(
            "\n**TFTP Client Upload, File Name: x\n-\n**TFTP Client Upload File Size = "
                + "\(String(bytes.count, radix: 16, uppercase: true)) Bytes at "
                + "\(String(state.loadAddress, radix: 16, uppercase: true))\n\nSuccess!\n",
            offence: state.burns ? .init(kind: .forbidden, text: "a file was written to flash") : nil)
    }
}
