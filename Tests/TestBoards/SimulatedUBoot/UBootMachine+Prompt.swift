import TestSupport

/// The line editor at the prompt, and the commands that it runs.
extension UBootMachine {
    /// `common/cli_readline.c`, cread_line, 2023.01 (`malta-line-edit`, `malta-ctrlc`, `malta-line-too-long`): ^C drops
    /// the line, ^H and DEL erase a character, ^U and ^X the line, ^P recalls the last one; a full line gets a bell.
    mutating func edit(_ byte: UInt8) {
        switch byte {
        case 0x03:
            emit("<INTERRUPT>\n")
            toPrompt()
        case 0x0D, 0x0A: enter()
        case 0x08, 0x7F:
            guard !line.isEmpty else { return }
            line.removeLast()
            emit(raw: [0x08, 0x20, 0x08])
        case 0x15, 0x18: erase()
        case 0x10:
            erase()
            line = earlier
            emit(raw: line)
        case 0x00..<0x20: break
        default:
            guard line.count < scenario.lineLimit - 1 else { return emit(raw: [0x07]) }
            line.append(byte)
            emit(raw: scenario.hasLocalEcho ? [byte, byte] : [byte])
            if case .resetWhileTyping(let count) = fault(ran.count + 1), line.count >= count {
                faults[ran.count + 1] = nil
                ran.append("(reset)")
                start()
            }
        }
    }

    private mutating func erase() {
        for _ in line { emit(raw: [0x08, 0x20, 0x08]) }
        line = []
    }

    private func fault(_ number: Int) -> SimulatedUBoot.Fault? {
        if let fault = faults[number] { return fault }
        guard let (fault, every) = repeatedFault, number % every == 0 else { return nil }
        return fault
    }

    /// An empty line repeats the last one, a line of blanks does nothing (`malta-bare-enter`). After
    /// `## Switch baudrate` U-Boot waits 50 ms (`drivers/serial/serial-uclass.c`, on_baudrate).
    private mutating func enter() {
        var text = String(decoding: line, as: UTF8.self)
        if scenario.lineEnd == .doubled { emit(raw: [0x0D]) }
        emit("\n")
        if line.isEmpty {
            offend(.bareEnter, "a bare Enter was sent: U-Boot repeats \"\(last)\"")
            text = last
        } else if text.allSatisfy({ $0 == " " }) {
            return toPrompt()
        } else {
            earlier = line
            last = text
        }
        line = []
        // As U-Boot's parser does (`common/cli_simple.c`, cli_simple_parse_line).
        while text.last == " " { text.removeLast() }
        ran.append(text)
        let number = ran.count
        if let bad = scenario.goesBad, bad.at == number {
            scenario.hardware.chips["nand0"]?.badBlocks.insert(bad.block)
        }
        let before = scenario.hardware.tears ? scenario.hardware : nil
        let done = run(text)
        if done.work > 0 { rest(done.work) }
        guard show(done, number, tornFrom: before) else { return }
        if let crash = done.crash {
            emit(crash)
            clock = max(clock, lineFree)
            start()
            return
        }
        if let next = done.afterEnter {
            afterEnter = ended(next)
            phase = .asking
            // 50 ms, during which the remaining output leaves the UART.
            if let rate = done.rate, self.rate != nil { rateChange = (lineFree + 50_000, rate) }
            return
        }
        if let address = done.loadsTo {
            if case .resetWhileLoading(let count) = faults[number] {
                faults[number] = nil
                loadLeft = count
            }
            phase = .loading(address, YMODEMReceiver())
            timer = lineFree + 100_000
            return
        }
        for (delay, text) in done.later {
            rest(delay)
            emit(text)
        }
        interruption = done.interruption
        phase = .running(asks: done.asks)
        timer = lineFree + done.time
    }

    /// Prints the output of a command, with the fault that is due at its number.
    ///
    /// - Returns: whether the board continues with the command.
    private mutating func show(_ done: Done, _ number: Int, tornFrom before: SimulatedHardware?) -> Bool {
        let bytes = ended(done.text)
        switch fault(number) {
        case .watchdog(let count) where bytes.count <= count: emit(raw: bytes)
        case .reset(let count), .watchdog(let count):
            faults[number] = nil
            if let before { scenario.hardware.tear(since: before) }
            emit(raw: Array(bytes.prefix(count)))
            // Transmit the buffered output before the startup messages.
            clock = max(clock, lineFree)
            start()
            return false
        case .hang(let count):
            faults[number] = nil
            emit(raw: Array(bytes.prefix(count)))
            phase = .deaf
            return false
        case .saying(let words, let count):
            emit(raw: Array(bytes.prefix(count)) + ended(words) + Array(bytes.dropFirst(count)))
        case .resetWhileTyping, .resetWhileLoading, nil: emit(raw: bytes)
        }
        return true
    }

    /// `arm-loady` (`cmd/load.c`, load_serial_ymodem and do_load_serial_bin). Cancelled: `malta-put-load-prompts`.
    mutating func endLoad(_ outcome: YMODEMReceiver.Outcome, at address: UInt64) {
        timer = nil
        switch outcome {
        case .aborted: emit("## Binary (ymodem) download aborted\n")
        case .done(let bytes):
            memory.write(address, bytes)
            let size = String(bytes.count, radix: 16)
            emit(
                "## Total Size      = 0x\(size) = \(bytes.count) Bytes\n## Start Addr      = 0x\(String(address, radix: 16))\n"
            )
            emit(autostart())
        }
        phase = .running(asks: true)
        timer = lineFree + 200
    }

    mutating func endCommand() {
        toPrompt()
        drain()
    }
}
