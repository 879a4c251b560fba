import TestSupport

/// Handling of typed characters.
extension RedBootMachine {
    /// Edit keys of all three generations, which redraw the line (`malta-2006-line-edit`). Here they do nothing.
    private static let editKeys: Set<UInt8> = [0x01, 0x02, 0x04, 0x05, 0x06, 0x0B, 0x0E, 0x10]

    mutating func take(_ byte: UInt8) {
        switch phase {
        case .off, .deaf: break
        case .starting, .running: wait(byte)
        case .countdown(let left): stop(byte, left)
        case .prompt: edit(byte)
        case .asking(let action): answer(byte, action)
        case .loading(let address, let receiver): load(byte, address, receiver)
        }
    }

    /// What arrives while nothing reads waits in the FIFO; more is lost (PC16550D datasheet, overrun error).
    private mutating func wait(_ byte: UInt8) {
        guard fifo.count < scenario.fifo else {
            return offend(.typedAhead, "a character was lost, as \(scenario.fifo) waited to be read")
        }
        fifo.append(byte)
    }

    /// Only ^C counts. A line is dropped, and any other character stops the countdown until the line ends
    /// (`malta-2006-boot-script-runs`).
    private mutating func stop(_ byte: UInt8, _ left: Int) {
        switch byte {
        case 0x03:
            emit("^C\n")
            toPrompt()
        case 0x0D, 0x0A:
            emit("\n")
            line = []
            showScriptLine(left)
        default:
            timer = nil
            line.append(byte)
            if !scenario.isTelnet { emit(raw: [byte]) }
        }
    }

    private mutating func edit(_ byte: UInt8) {
        let lastEnd = lineEnd
        lineEnd = nil
        switch byte {
        case 0x0D, 0x0A:
            // CR LF and LF CR are one end (`malta-2006-line-edit`).
            if let lastEnd, lastEnd != byte, line.isEmpty { return }
            lineEnd = byte
            if !scenario.isTelnet { emit("\n") }
            enter()
        case 0x03:
            emit("^C\n")
            toPrompt()
        case 0x08, 0x7F:
            guard !line.isEmpty else { return }
            line.removeLast()
            if !scenario.isTelnet { emit(raw: [0x08, 0x20, 0x08]) }
        case 0x24 where line.last != 0x5C, 0x2B where line.last != 0x5C:
            // Dead silence from now on (`malta-2006-dollar`).
            offend(.debugger, "\(UnicodeScalar(byte)) was typed")
            phase = .deaf
        case 0x1B where scenario.generation != .y2003: break
        case _ where Self.editKeys.contains(byte): break
        default:
            line.append(byte)
            if !scenario.isTelnet { emit(raw: [byte]) }
            guard line.count >= 255 else { return }
            offend(.longLine, "a line of 255 characters ran by itself")
            enter()
        }
    }

    /// Runs the line.
    private mutating func enter() {
        let text = String(decoding: line, as: UTF8.self)
        line = []
        guard !text.isEmpty else { return toPrompt() }
        guard text.contains(where: { $0 != " " }) else {
            // `malta-2006-special`.
            emit("** Error: Illegal command: \"\(text)\"\n")
            return toPrompt()
        }
        var trimmed = text
        while trimmed.last == " " { trimmed.removeLast() }
        ran.append(trimmed)
        let before = scenario.hardware.tears ? scenario.hardware : nil
        let action = run(trimmed)
        let bytes = Array(action.text.utf8)
        switch faults.removeValue(forKey: ran.count) {
        case .reset(let count):
            if let before, action.question == nil { scenario.hardware.tear(since: before) }
            emit(String(decoding: bytes.prefix(count), as: UTF8.self))
            // Transmit the buffered output before the start messages.
            clock = max(clock, lineFree)
            reset()
        case .hang(let count):
            emit(String(decoding: bytes.prefix(count), as: UTF8.self))
            phase = .deaf
        case .resetWhileLoading(let count):
            loadLeft = count
            finish(action)
        case nil: finish(action)
        }
    }

    /// Prints what a command printed, and goes on with it.
    mutating func finish(_ action: RedBootAction) {
        emit(action.text)
        if action.isHang {
            phase = .deaf
        } else if let address = action.loadsTo {
            phase = .loading(address, YMODEMReceiver())
            timer = lineFree + 100_000
        } else if action.question != nil {
            line = []
            phase = .asking(action)
        } else if action.resets {
            clock = max(clock, lineFree)
            reset()
        } else {
            phase = .running
            timer = lineFree + action.time
        }
    }

    /// The first letter decides; at 7 characters the answer is taken without an Enter
    /// (`malta-2006-fis-write-answers`).
    private mutating func answer(_ byte: UInt8, _ action: RedBootAction) {
        let lastEnd = lineEnd
        lineEnd = nil
        switch byte {
        case 0x03:
            emit("^C\n")
            line = []
            decide(false, action)
        case 0x0D, 0x0A:
            if let lastEnd, lastEnd != byte, line.isEmpty { return }
            lineEnd = byte
            if !scenario.isTelnet { emit("\n") }
            decide(line.first.map { $0 | 0x20 == UInt8(ascii: "y") } ?? false, action)
        case 0x08, 0x7F: if !line.isEmpty { line.removeLast() }
        default:
            line.append(byte)
            if !scenario.isTelnet { emit(raw: [byte]) }
            if line.count >= 7 { decide(line.first.map { $0 | 0x20 == UInt8(ascii: "y") } ?? false, action) }
        }
    }

    private mutating func decide(_ isYes: Bool, _ action: RedBootAction) {
        line = []
        guard isYes, let job = action.question else { return toPrompt() }
        finish(perform(job))
    }

    private mutating func load(_ byte: UInt8, _ address: UInt64, _ receiver: YMODEMReceiver) {
        if let left = loadLeft {
            loadLeft = left - 1
            if left <= 1 {
                loadLeft = nil
                phase = .off
                timer = nil
                powerAt = clock + 200_000
                return
            }
        }
        // ^C cancels it while it waits (`malta-2006-load-ymodem-cancel`).
        var receiver = receiver
        let answer = receiver.take(byte)
        emit(raw: answer)
        phase = .loading(address, receiver)
        timer = max(clock, lineFree) + 2_000_000
        guard let outcome = receiver.outcome else { return }
        timer = nil
        switch outcome {
        case .aborted: finish(RedBootAction(text: "Can't load '<null>': Cancelled\n"))
        case .done(let bytes): finish(loaded(bytes, at: address, byYMODEM: true))
        }
    }
}
