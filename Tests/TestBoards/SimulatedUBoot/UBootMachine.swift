import TestSupport

/// The processor and its serial line: what reads the typed input, and when printed output has been transmitted. In
/// microseconds.
struct UBootMachine {
    /// What reads the line.
    enum Phase {
        case off
        /// The board prints its start messages; typed input waits.
        case starting
        case countdown(left: Int)
        case menu
        case password
        case prompt
        /// A command is running; commands that check for ^C consume typed input.
        case running(asks: Bool)
        /// A command waits for Enter, and ignores other input.
        case asking
        /// A file is being received by YMODEM.
        case loading(UInt64, YMODEMReceiver)
        /// Linux, at its login, at the password prompt, or at the shell.
        case login
        case loginPassword
        case shell
        /// Running without reading input: chatter, garbage, a hang.
        case deaf
    }

    var scenario: UBootScenario
    var offences: [SimulatedUBoot.Offence] = []
    /// Everything that arrived, in order.
    var typed: [UInt8] = []
    var ran: [String] = []
    var starts = 0
    var faults: [Int: SimulatedUBoot.Fault] = [:]
    var repeatedFault: (fault: SimulatedUBoot.Fault, every: Int)?
    var memory = SimulatedMemory()
    /// Whether `sf probe` was run since the start.
    var isProbed = false
    var nandDevice = 0
    /// The rates of the console and of the other end of the line, in bits per second; nil if the line has none.
    var rate: Int?
    var lineRate: Int?
    /// The command's output after Enter.
    var afterEnter: [UInt8] = []
    var rateChange: (at: Int, rate: Int)?

    var phase = Phase.off
    var clock = 0
    /// When the transmitter becomes free.
    var lineFree = 0
    var output = SimulatedWire()
    /// Output over the network that has not been read.
    var networkOutput = SimulatedWire()
    /// Whether output goes to the network.
    var printsToNetwork = false
    /// Whether the network output is being received; otherwise it is lost.
    var isNetworkHeard = false
    var uploads = UBootUploads()
    /// Sectors of `nor0` protected by U-Boot: its own (`malta-flinfo`: `RO`).
    var protected: Set<Int> = [0]
    /// The variables in RAM.
    var variables: [String: String]
    private var input: [(at: Int, byte: UInt8)] = []
    private var inputStart = 0
    /// Input that arrived and has not been read.
    var fifo: [UInt8] = []
    var timer: Int?
    var powerAt: Int?
    /// The bytes until a reset in the middle of a load; nil if none is due.
    var loadLeft: Int?

    /// The running command's response to ^C.
    var interruption = "<INTERRUPT>"
    var line: [UInt8] = []
    var last = ""
    var earlier: [UInt8] = []
    var heardKeys: [UInt8] = []

    init(_ scenario: UBootScenario) {
        self.scenario = scenario
        rate = scenario.rate
        // The usual rate of a console.
        lineRate = scenario.rate.map { _ in 115_200 }
        variables = scenario.variables
        memory = SimulatedMemory(seed: 1)
        switch scenario.start {
        case .off: break
        case .prompt:
            starts = 1
            phase = .prompt
        case .countdown:
            powerOn(after: 0)
        case .shell: phase = .shell
        case .login: phase = .login
        case .chatter, .garbage:
            phase = .deaf
            timer = 0
        }
    }

    // MARK: Time

    /// Discards output that was not read.
    mutating func hangUp() {
        _ = output.take(until: clock)
    }

    /// The bytes that the other end of the line receives within a timeout in microseconds; nil is silence. Other rates
    /// garble them as `SerialSampling` tells (PC16550D datasheet, framing error and break).
    mutating func received(within timeout: Int) -> [UInt8]? {
        let end = clock + timeout
        while let bytes = read(within: max(0, end - clock)) {
            guard let rate, let lineRate else { return bytes }
            let read = SerialSampling.received(bytes, sentAt: rate, readAt: lineRate, keepsBreaks: false)
            // A long break alone yields no bytes.
            if !read.isEmpty, !scenario.deadRates.contains(rate) { return read }
        }
        return nil
    }

    /// The bytes that the board receives for those sent to it.
    func garbled(_ bytes: [UInt8]) -> [UInt8] {
        guard let rate, let lineRate else { return bytes }
        return SerialSampling.received(bytes, sentAt: lineRate, readAt: rate, keepsBreaks: true)
    }

    /// Output that arrives over the line within a timeout in microseconds; nil is silence, or output over the network
    /// came first.
    mutating func read(within timeout: Int) -> [UInt8]? {
        read(within: timeout, \.output, isNetworkHeard ? \.networkOutput : nil)
    }

    /// The same over the network.
    mutating func readNetwork(within timeout: Int) -> [UInt8]? {
        read(within: timeout, \.networkOutput, \.output)
    }

    private mutating func read(
        within timeout: Int, _ wire: WritableKeyPath<UBootMachine, SimulatedWire>,
        _ other: WritableKeyPath<UBootMachine, SimulatedWire>?
    ) -> [UInt8]? {
        let end = clock + timeout
        while true {
            let next = nextEvent
            let first = self[keyPath: wire].first ?? Int.max
            let elsewhere = other.flatMap { self[keyPath: $0].first } ?? Int.max
            if first <= end, first <= next, first <= elsewhere {
                // The adapter waits briefly for more.
                clock = max(clock, min(first + scenario.adapterTime, next, end))
                return self[keyPath: wire].take(until: clock)
            }
            if elsewhere <= end, elsewhere <= next {
                clock = max(clock, elsewhere)
                return nil
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
        min(
            inputStart < input.count ? input[inputStart].at : Int.max, timer ?? Int.max, powerAt ?? Int.max,
            rateChange?.at ?? Int.max)
    }

    /// Performs the next due event.
    private mutating func step(_ time: Int) {
        clock = max(clock, time)
        if let at = powerAt, at <= time {
            powerAt = nil
            start()
        } else if let change = rateChange, change.at <= time {
            rateChange = nil
            rate = change.rate
        } else if inputStart < input.count, input[inputStart].at <= time {
            let byte = input[inputStart].byte
            inputStart += 1
            if inputStart > 4096 {
                input.removeFirst(inputStart)
                inputStart = 0
            }
            typed.append(byte)
            if !scenario.isDeaf { take(byte) }
        } else if let at = timer, at <= time {
            timer = nil
            expire()
        }
    }
}
