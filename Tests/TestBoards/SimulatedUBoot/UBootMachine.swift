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
    var memory = UBootMemory()
    /// Whether `sf probe` was run since the start.
    var isProbed = false
    var nandDevice = 0
    /// The rates of the console and of the other end of the line, in bits per second; nil if the line has none.
    private(set) var rate: Int?
    var lineRate: Int?
    /// The command's output after Enter.
    private var afterEnter: [UInt8] = []
    private var rateChange: (at: Int, rate: Int)?

    private(set) var phase = Phase.off
    private(set) var clock = 0
    /// When the transmitter becomes free.
    private var lineFree = 0
    private var output = UBootWire()
    /// Output over the network that has not been read.
    private var networkOutput = UBootWire()
    /// Whether output goes to the network.
    var printsToNetwork = false
    /// Whether anyone listens on the network: otherwise output is lost.
    var isNetworkHeard = false
    var uploads = UBootUploads()
    /// Sectors of `nor0` protected by U-Boot.
    var protected: Set<Int> = [0]
    /// The variables in RAM.
    var variables: [String: String]
    private var input: [(at: Int, byte: UInt8)] = []
    private var inputStart = 0
    /// Input that arrived and has not been read.
    private var fifo: [UInt8] = []
    private var timer: Int?
    private var powerAt: Int?

    /// The running command's response to ^C.
    private var interruption = "<INTERRUPT>"
    private var line: [UInt8] = []
    private var last = ""
    private var earlier: [UInt8] = []
    private var heardKeys: [UInt8] = []

    init(_ scenario: UBootScenario) {
        self.scenario = scenario
        rate = scenario.rate
        lineRate = scenario.rate.map { _ in 115_200 }
        variables = scenario.variables
        memory = UBootMemory(seed: 1)
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

    /// What the other end of the line reads within a timeout in microseconds; nil is silence.
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

    /// What the board reads of the bytes sent to it.
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
        within timeout: Int, _ wire: WritableKeyPath<UBootMachine, UBootWire>,
        _ other: WritableKeyPath<UBootMachine, UBootWire>?
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

    // MARK: Printing

    private mutating func emit(_ text: String) {
        emit(raw: ended(text))
    }

    private mutating func emit(raw bytes: [UInt8]) {
        if printsToNetwork { return send(bytes) }
        var at = max(clock, lineFree)
        for byte in bytes {
            at += scenario.characterTime
            output.add(byte, at: at)
        }
        lineFree = at
    }

    /// Prints over the network: each line is a datagram.
    private mutating func send(_ bytes: [UInt8]) {
        for datagram in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let isFirst = datagram.offset == 0
            let content = (isFirst ? [] : [0x0A]) + Array(datagram.element)
            guard !content.isEmpty else { continue }
            lineFree = max(clock, lineFree) + 100
            uploads.datagrams += 1
            if let every = scenario.network?.losesEvery, uploads.datagrams % every == 0 { continue }
            if let last = scenario.network?.breaksAfter, uploads.datagrams > last { continue }
            guard isNetworkHeard, scenario.network?.isConnected ?? false else { continue }
            for byte in content { networkOutput.add(byte, at: lineFree) }
        }
    }

    /// Pauses the output.
    private mutating func rest(_ time: Int) { lineFree = max(clock, lineFree) + time }

    /// Applies the board's line ends.
    private func ended(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte == 0x0A {
                result += scenario.lineEnd == .reversed ? [0x0A, 0x0D] : [0x0D, 0x0A]
            } else {
                result.append(byte)
            }
        }
        return result
    }

    /// Discards output that has not been transmitted yet.
    private mutating func cutOutput() {
        output.cut(after: clock)
        networkOutput.cut(after: clock)
        lineFree = clock
    }

    // MARK: Power

    mutating func powerOn(after delay: Int) {
        powerAt = clock + delay
    }

    /// Starts or restarts the board.
    private mutating func start() {
        cutOutput()
        starts += 1
        rate = scenario.rate
        printsToNetwork = false
        variables = scenario.variables
        if let rate { variables["baudrate"] = "\(rate)" }
        rateChange = nil
        memory = UBootMemory(seed: UInt8(truncatingIfNeeded: starts))
        isProbed = false
        nandDevice = 0
        line = []
        last = ""
        fifo = []
        heardKeys = []
        phase = .starting
        emit(
            "\n\n" + scenario.version
                + "\n\nDRAM:  256 MiB\nFlash: 4 MiB\nIn:    serial\nOut:   serial\nErr:   serial\n")
        timer = lineFree + scenario.startTime
    }

    /// Handles the timer.
    private mutating func expire() {
        switch phase {
        case .starting: begin()
        case .countdown(let left): tick(left)
        case .menu: boot()
        case .running: endCommand()
        case .deaf: chatter()
        case .loading:
            emit("C")
            timer = lineFree + 1_000_000
        default: break
        }
    }

    private mutating func begin() {
        if scenario.menu != nil {
            phase = .menu
            emit("\nPlease choose the operation: \n   1: Load system code to SDRAM via TFTP. \n")
            emit("   2: Load system code then write to Flash via TFTP. \n   3: Boot system code via Flash (default).\n")
            if let key = scenario.menu?.commandLine { emit("   \(key): Entr boot command line interface.\n") }
            emit("   7: Load Boot Loader code then write to Flash via Serial. \n")
            emit("   9: Load Boot Loader code then write to Flash via TFTP. \n 3 \u{8}")
            timer = lineFree + 3_000_000
            return drain()
        }
        guard let countdown = scenario.countdown else { return welcome() }
        emit(countdown.text + " \(countdown.seconds) ")
        phase = .countdown(left: countdown.seconds)
        timer = lineFree + 1_000_000
        drain()
    }

    private mutating func tick(_ left: Int) {
        guard left > 1 else {
            emit("\u{8}\u{8}\u{8} 0 \n")
            return boot()
        }
        emit("\u{8}\u{8}\u{8} \(left - 1) ")
        phase = .countdown(left: left - 1)
        timer = lineFree + 1_000_000
    }

    private mutating func boot() {
        emit("## Booting kernel from Legacy Image at bc050000 ...\n\nStarting kernel ...\n\n")
        emit("[    0.000000] Linux version 5.15.134 (builder@buildhost)\n[    0.000000] Board has DDR2\n\n")
        emit("OpenWrt login: ")
        phase = .login
    }

    /// Handles a stopped countdown.
    private mutating func welcome() {
        timer = nil
        if scenario.password != nil {
            phase = .password
            line = []
            emit("\nPassword: ")
        } else {
            toPrompt()
        }
        drain()
    }

    private mutating func toPrompt() {
        timer = nil
        phase = .prompt
        line = []
        emit(raw: Array(scenario.prompt.utf8))
    }

    private mutating func chatter() {
        if scenario.start == .garbage {
            emit(raw: (0..<40).map { UInt8(truncatingIfNeeded: 0x80 &+ $0 &* 37) | 0x80 })
        } else {
            emit("[  123.456789] br-lan: port 1(eth0) entered forwarding state\n")
        }
        timer = lineFree + 20_000
    }

    // MARK: Input

    /// Reads the waiting input.
    private mutating func drain() {
        let waiting = fifo
        fifo = []
        for byte in waiting { take(byte) }
    }

    private mutating func wait(_ byte: UInt8) {
        guard fifo.count < scenario.fifo else {
            return offend(.typedAhead, "a character was lost, as \(scenario.fifo) waited to be read")
        }
        fifo.append(byte)
    }

    mutating func offend(_ kind: SimulatedUBoot.Offence.Kind, _ text: String) {
        offences.append(.init(kind: kind, text: text))
    }

    private mutating func take(_ byte: UInt8) {
        switch phase {
        case .off, .deaf: break
        case .starting: wait(byte)
        case .countdown: stop(byte)
        case .menu: choose(byte)
        case .password: password(byte)
        case .prompt: edit(byte)
        case .running(let asks):
            if !asks {
                wait(byte)
            } else if byte == 0x03 {
                cutOutput()
                emit("\n\(interruption)\n")
                toPrompt()
            }
        case .asking:
            guard byte == 0x0D else { return }
            emit(raw: afterEnter)
            phase = .running(asks: true)
            timer = lineFree + 200
        case .loading(let address, var receiver):
            let answer = receiver.take(byte)
            emit(raw: answer)
            phase = .loading(address, receiver)
            timer = lineFree + 1_000_000
            if let outcome = receiver.outcome { endLoad(outcome, at: address) }
        case .login, .loginPassword: login(byte)
        case .shell: shell(byte)
        }
    }

    private mutating func stop(_ byte: UInt8) {
        heardKeys.append(byte)
        if let keys = scenario.countdown?.keys, !heardKeys.suffix(keys.count).elementsEqual(keys) { return }
        emit("\n")
        welcome()
    }

    private mutating func choose(_ byte: UInt8) {
        if byte == scenario.menu?.commandLine?.asciiValue {
            emit("\(scenario.menu?.commandLine ?? "4")\n\n\n4: System Enter Boot Command Line Interface.\n")
            emit("\n" + scenario.version + "\n")
            welcome()
        } else if [0x32, 0x37, 0x39].contains(byte) {
            offend(.menu, "the menu was told \(UnicodeScalar(byte))")
        }
    }

    private mutating func password(_ byte: UInt8) {
        guard byte == 0x0D else {
            if byte >= 0x20 { line.append(byte) }
            return
        }
        emit("\n")
        if line.elementsEqual((scenario.password ?? "").utf8) {
            toPrompt()
        } else {
            line = []
            emit("Password: ")
        }
    }

    private mutating func login(_ byte: UInt8) {
        switch byte {
        case 0x0D, 0x0A:
            emit("\n")
            if case .loginPassword = phase {
                emit("\nLogin incorrect\nOpenWrt login: ")
                phase = .login
            } else if line.isEmpty {
                emit("OpenWrt login: ")
            } else {
                emit("Password: ")
                phase = .loginPassword
            }
            line = []
        case 0x03:
            line = []
            emit("^C\nOpenWrt login: ")
            phase = .login
        default:
            line.append(byte)
            if case .login = phase { emit(raw: [byte]) }
        }
    }

    private mutating func shell(_ byte: UInt8) {
        let prompt = "root@OpenWrt:/# "
        switch byte {
        case 0x0D:
            let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
            line = []
            emit("\n")
            if words.first == "echo" {
                emit(words.dropFirst().joined(separator: " ").filter { $0 != "'" } + "\n")
            } else if let word = words.first {
                emit("-ash: \(word): not found\n")
            }
            emit(prompt)
        case 0x03:
            line = []
            emit("^C\n" + prompt)
        default:
            line.append(byte)
            emit(raw: [byte])
        }
    }

    // MARK: The line editor

    private mutating func edit(_ byte: UInt8) {
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
            emit(raw: [byte])
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
        // As U-Boot's parser does.
        while text.last == " " { text.removeLast() }
        ran.append(text)
        let number = ran.count
        if let bad = scenario.goesBad, bad.at == number {
            scenario.hardware.chips["nand0"]?.badBlocks.insert(bad.block)
        }
        let before = scenario.hardware.tears ? scenario.hardware : nil
        let done = run(text)
        let bytes = ended(done.text)
        switch fault(number) {
        case .watchdog(let count) where bytes.count <= count: emit(raw: bytes)
        case .reset(let count), .watchdog(let count):
            faults[number] = nil
            if let before { scenario.hardware.tear(since: before) }
            emit(raw: Array(bytes.prefix(count)))
            // The line gets what the transmitter holds, and then the start messages.
            clock = max(clock, lineFree)
            start()
            return
        case .hang(let count):
            faults[number] = nil
            emit(raw: Array(bytes.prefix(count)))
            phase = .deaf
            return
        case .saying(let words, let count):
            emit(raw: Array(bytes.prefix(count)) + ended(words) + Array(bytes.dropFirst(count)))
        case .resetWhileTyping, nil: emit(raw: bytes)
        }
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

    /// `cmd/load.c`, load_serial_ymodem.
    private mutating func endLoad(_ outcome: YMODEMReceiver.Outcome, at address: UInt64) {
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

    private mutating func endCommand() {
        toPrompt()
        drain()
    }
}
