/// The processor and its line: what reads the typed input, and when printed output has been transmitted. In
/// microseconds.
struct LoaderMachine {
    /// What reads the line.
    enum Phase {
        case off
        /// The board prints its start; typed input waits.
        case starting
        case countdown
        case prompt
        /// A command is running, and reads nothing.
        case running
        /// A command waits for the answer to its question.
        case asking
        /// Running without reading input: a hang, Linux.
        case deaf
    }

    var board: any LoaderPersonality
    var offences: [SimulatedLoader.Offence] = []
    /// Everything that arrived, in order.
    var typed: [UInt8] = []
    var ran: [String] = []
    var starts = 0
    var sent = 0
    var faults: [Int: SimulatedLoader.Fault] = [:]

    var clock = 0
    var powerAt: Int?
    private var phase = Phase.off
    /// When the transmitter becomes free.
    private var lineFree = 0
    private var output = SimulatedWire()
    private var input: [(at: Int, byte: UInt8)] = []
    private var inputStart = 0
    /// Input that arrived and has not been read.
    private var unread: [UInt8] = []
    private var timer: Int?

    init(_ board: any LoaderPersonality, _ start: SimulatedLoader.Start) {
        self.board = board
        switch start {
        case .off: break
        case .prompt:
            starts = 1
            phase = .prompt
        case .starting: powerAt = 0
        }
    }

    // MARK: Time

    /// A new connection. What was not read is gone.
    mutating func connect() { _ = output.take(until: clock) }

    /// Output that arrives over the line within a timeout; nil is silence.
    mutating func read(within timeout: Int) -> [UInt8]? {
        let end = clock + timeout
        while true {
            let next = nextEvent
            let first = output.first ?? Int.max
            if first <= end, first <= next {
                // The adapter waits briefly for more.
                clock = max(clock, min(first + 4_000, next, end))
                let bytes = output.take(until: clock)
                sent += bytes.count
                return bytes
            }
            guard next <= end else {
                clock = max(clock, end)
                return nil
            }
            step(next)
        }
    }

    /// Queues bytes sent to the board.
    mutating func receive(_ bytes: [UInt8]) {
        var at = max(clock, inputStart < input.count ? input[input.count - 1].at : clock)
        for byte in bytes {
            at += board.characterTime
            input.append((at, byte))
        }
    }

    /// The bootloader's TFTP server gets a request.
    mutating func serve(_ name: String, at address: String) -> [UInt8]? {
        guard case .prompt = phase, let answer = board.serve(name, at: address) else { return nil }
        emit(answer.text)
        return answer.bytes
    }

    /// The last block is acknowledged.
    mutating func endServing() {
        guard case .prompt = phase, let text = board.endServing() else { return }
        emit(text)
    }

    /// The bootloader's TFTP server is sent a file.
    mutating func takeFile(_ bytes: [UInt8], at address: String) {
        guard case .prompt = phase, let action = board.takeFile(bytes, at: address) else { return }
        if let offence = action.offence { offences.append(offence) }
        emit(action.text)
        emit(board.prompt)
    }

    private var nextEvent: Int {
        min(inputStart < input.count ? input[inputStart].at : Int.max, timer ?? Int.max, powerAt ?? Int.max)
    }

    /// Performs the next due event.
    private mutating func step(_ time: Int) {
        clock = max(clock, time)
        if let at = powerAt, at <= time {
            powerAt = nil
            reset()
        } else if inputStart < input.count, input[inputStart].at <= time {
            let byte = input[inputStart].byte
            inputStart += 1
            if inputStart > 4_096 {
                input.removeFirst(inputStart)
                inputStart = 0
            }
            typed.append(byte)
            take(byte)
        } else if let at = timer, at <= time {
            timer = nil
            expire()
        }
    }

    // MARK: Output

    private mutating func emit(_ text: String) {
        var bytes: [UInt8] = []
        for byte in text.utf8 { bytes += byte == 0x0A ? board.lineEnd : [byte] }
        emit(raw: bytes)
    }

    private mutating func emit(raw bytes: [UInt8]) {
        var at = max(clock, lineFree)
        for byte in bytes {
            at += board.characterTime
            output.add(byte, at: at)
        }
        lineFree = at
    }

    // MARK: Power

    private mutating func reset() {
        output.cut(after: clock)
        lineFree = clock
        starts += 1
        board.restart(starts)
        unread = []
        phase = .starting
        emit(board.startText)
        timer = lineFree + 50_000
    }

    private mutating func expire() {
        switch phase {
        case .starting:
            guard let countdown = board.countdown else { return toPrompt() }
            phase = .countdown
            emit(countdown.text)
            timer = max(clock, lineFree) + countdown.time
            let early = unread
            unread = []
            for byte in early { take(byte) }
        case .countdown:
            emit(board.systemText)
            phase = .deaf
        case .running: toPrompt()
        default: break
        }
    }

    private mutating func toPrompt() {
        timer = nil
        phase = .prompt
        emit(board.prompt)
        let waiting = unread
        unread = []
        for byte in waiting { take(byte) }
    }

    // MARK: Input

    private mutating func take(_ byte: UInt8) {
        switch phase {
        case .off, .deaf: break
        case .starting, .running:
            // What arrives while nothing reads waits in the FIFO; more is lost (PC16550D datasheet, overrun error).
            guard unread.count < board.fifo else {
                offences.append(.init(kind: .typedAhead, text: "\(board.fifo) characters waited to be read"))
                return
            }
            unread.append(byte)
        case .countdown: stop(byte)
        case .prompt: perform(board.take(byte))
        case .asking: perform(board.answer(byte))
        }
    }

    private mutating func stop(_ byte: UInt8) {
        guard let countdown = board.countdown, countdown.keys.map({ $0.contains(byte) }) != false else { return }
        emit(countdown.stopText)
        if countdown.keepsKey { unread.append(byte) }
        toPrompt()
    }

    private mutating func perform(_ edit: LoaderEdit) {
        switch edit {
        case .echo(let bytes): emit(raw: bytes)
        case .redraw(let text):
            emit(text)
            emit(board.prompt)
        case .enter(let line):
            emit(raw: board.lineEnd)
            if case .asking = phase { return finish(board.decide(line)) }
            enter(line)
        }
    }

    private mutating func enter(_ line: String) {
        guard line.contains(where: { $0 != " " }) else { return toPrompt() }
        var trimmed = line
        while trimmed.last == " " { trimmed.removeLast() }
        ran.append(trimmed)
        let action = board.run(trimmed)
        if let offence = action.offence { offences.append(offence) }
        switch faults.removeValue(forKey: ran.count) {
        case .reset(let count):
            emit(String(action.text.prefix(count)))
            // Transmit the buffered output before the start messages.
            clock = max(clock, lineFree)
            reset()
        case .hang(let count):
            emit(String(action.text.prefix(count)))
            phase = .deaf
        case nil: finish(action)
        }
    }

    private mutating func finish(_ action: LoaderAction) {
        emit(action.text)
        if action.isHang {
            phase = .deaf
        } else if action.isReset {
            // Transmit the buffered output before the start messages.
            clock = max(clock, lineFree)
            reset()
        } else if action.isQuestion {
            phase = .asking
        } else {
            phase = .running
            timer = max(clock, lineFree) + action.time
        }
    }
}
