import TestSupport

/// The processor and its line: what reads the typed input, and when printed output has been transmitted. In
/// microseconds.
struct RedBootMachine {
    /// What reads the line.
    enum Phase {
        case off
        /// The board prints its start messages; typed input waits.
        case starting
        /// The boot script runs when the time is over; this much of it was left when the last line came.
        case countdown(left: Int)
        case prompt
        /// A command is running, and reads nothing.
        case running
        /// A command waits for the answer to its question.
        case asking(RedBootAction)
        /// A file is being received by YMODEM.
        case loading(UInt64, YMODEMReceiver)
        /// Running without reading input: a hang, the debugger's stub, Linux.
        case deaf
    }

    var scenario: RedBootScenario
    var offences: [SimulatedRedBoot.Offence] = []
    /// Everything that arrived, in order.
    var typed: [UInt8] = []
    var ran: [String] = []
    var starts = 0
    var sent = 0
    var faults: [Int: SimulatedRedBoot.Fault] = [:]
    var memory = SimulatedMemory(seed: 1)
    var files = RedBootFiles()
    /// Where the last load went; nil if it failed.
    var loadedAt: UInt64?
    /// The bytes until a reset in the middle of a load; nil if none is due.
    var loadLeft: Int?
    /// The board's address, in RAM.
    var address: String?

    var phase = Phase.off
    var clock = 0
    /// When the transmitter becomes free.
    var lineFree = 0
    var output = SimulatedWire()
    private var input: [(at: Int, byte: UInt8)] = []
    private var inputStart = 0
    /// Input that arrived and has not been read.
    var fifo: [UInt8] = []
    var timer: Int?
    var powerAt: Int?
    /// The rest of the boot script, while it runs.
    var script: [String] = []

    var line: [UInt8] = []
    /// The last end of a line, if nothing followed it: the other one is then ignored.
    var lineEnd: UInt8?
    /// The width of the last dump: it stays (`malta-2006-dump-widths`).
    var dumpWidth = 1

    init(_ scenario: RedBootScenario) {
        self.scenario = scenario
        address = scenario.network?.board
        switch scenario.start {
        case .off: break
        case .prompt:
            starts = 1
            phase = .prompt
        case .starting: powerAt = 0
        }
    }

    // MARK: Time

    /// A new connection. What was not read is gone. Over telnet the board gets an Enter by itself (`malta-2006-telnet`:
    /// the first prompt).
    mutating func connect() {
        _ = output.take(until: clock)
        if scenario.isTelnet, case .prompt = phase { toPrompt() }
    }

    /// Output that arrives over the line within a timeout; nil is silence.
    mutating func read(within timeout: Int) -> [UInt8]? {
        let end = clock + timeout
        while true {
            let next = nextEvent
            let first = output.first ?? Int.max
            if first <= end, first <= next {
                // The adapter waits briefly for more.
                clock = max(clock, min(first + scenario.adapterTime, next, end))
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
            at += scenario.characterTime
            input.append((at, byte))
        }
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

    mutating func emit(_ text: String) {
        var bytes: [UInt8] = []
        for byte in text.utf8 { bytes += byte == 0x0A ? [0x0D, 0x0A] : [byte] }
        emit(raw: bytes)
    }

    mutating func emit(raw bytes: [UInt8]) {
        var at = max(clock, lineFree)
        for byte in bytes {
            at += scenario.characterTime
            output.add(byte, at: at)
        }
        lineFree = at
    }

    /// Pauses the output.
    mutating func rest(_ time: Int) { lineFree = max(clock, lineFree) + time }

    mutating func offend(_ kind: SimulatedRedBoot.Offence.Kind, _ text: String) {
        offences.append(.init(kind: kind, text: text))
    }

    // MARK: Power

    /// Starts or restarts the board. Its RAM has other contents, as after power off (an assumption: a watchdog leaves
    /// most of it).
    mutating func reset() {
        output.cut(after: clock)
        lineFree = clock
        starts += 1
        memory = SimulatedMemory(seed: UInt8(truncatingIfNeeded: starts))
        address = scenario.network?.board
        line = []
        fifo = []
        lineEnd = nil
        dumpWidth = 1
        phase = .starting
        emit("+")
        if scenario.generation != .y2003 { emit("No devices on IDE controller 0\n") }
        for text in scenario.startLines { emit(text + "\n") }
        if scenario.bootpTime > 0 {
            emit("... waiting for BOOTP information\n")
            rest(scenario.bootpTime)
            emit("Can't get BOOTP info for device!\n")
        }
        emit(version)
        timer = lineFree + 100_000
    }

    /// Handles the timer.
    private mutating func expire() {
        switch phase {
        case .starting where scenario.script.isEmpty: toPrompt()
        case .starting:
            phase = .countdown(left: scenario.scriptTimeout)
            showScriptLine(scenario.scriptTimeout)
        case .countdown: runScript()
        case .running: endCommand()
        case .loading:
            // It asks again after about 2 s (`malta-2006-load-ymodem-nobody`).
            emit(raw: [0x43])
            timer = lineFree + 2_000_000
        default: break
        }
        drain()
    }

    /// `malta-2006-boot-script-aborted`.
    mutating func showScriptLine(_ left: Int) {
        let thousandths = "\(1_000 + left / 1_000 % 1_000)".dropFirst()
        emit("== Executing boot script in \(left / 1_000_000).\(thousandths) seconds - enter ^C to abort\n")
        timer = lineFree + left
    }

    /// The lines of the script are echoed as if they were typed (`malta-2006-boot-script-untouched`). All but `exec` and
    /// `go` return to the next line.
    private mutating func runScript() {
        script = scenario.script
        toPrompt()
        nextScriptLine()
    }

    mutating func nextScriptLine() {
        guard !script.isEmpty else { return }
        let text = script.removeFirst()
        emit(text + "\n")
        if text.hasPrefix("exec") || text.hasPrefix("go") {
            emit("Now booting linux kernel:\n Base address 0x80100000 Entry 0x80100000\n Cmdline : \n")
            emit("[    0.000000] Linux version 2.6.24 (builder@buildhost)\n")
            phase = .deaf
            return
        }
        finish(run(text))
    }

    mutating func toPrompt() {
        timer = nil
        phase = .prompt
        line = []
        emit(scenario.prompt)
    }

    mutating func endCommand() {
        toPrompt()
        nextScriptLine()
    }

    /// Reads the waiting input.
    mutating func drain() {
        let waiting = fifo
        fifo = []
        for byte in waiting { take(byte) }
    }
}
