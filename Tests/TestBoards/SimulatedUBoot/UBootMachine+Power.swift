/// Startup, from power-on to the prompt or to Linux.
extension UBootMachine {
    mutating func powerOn(after delay: Int) {
        powerAt = clock + delay
    }

    /// Starts or restarts the board: banner, then a few lines as in `malta-boot`. What `setenv` set and the probed
    /// chip are forgotten (`lab-malta-built-reset`); the RAM has other contents, as after power off.
    mutating func start() {
        cutOutput()
        starts += 1
        rate = scenario.rate
        printsToNetwork = false
        variables = scenario.variables
        if let rate { variables["baudrate"] = "\(rate)" }
        rateChange = nil
        memory = SimulatedMemory(seed: UInt8(truncatingIfNeeded: starts))
        isProbed = false
        nandDevice = 0
        line = []
        last = ""
        fifo = []
        heardKeys = []
        phase = .starting
        emit(
            "\n\n" + scenario.version
                + (scenario.startLog
                    ?? "\n\nDRAM:  256 MiB\nFlash: 4 MiB\nIn:    serial\nOut:   serial\nErr:   serial\n"))
        timer = lineFree + scenario.startTime
    }

    /// Handles the timer.
    mutating func expire() {
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

    /// The menu's words are those of Ralink's U-Boot 1.1.3 (`lib_mips/board.c`, OperationSelect).
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
        emit(countdown.text + (countdown.showsSeconds ? " \(countdown.seconds) " : ""))
        phase = .countdown(left: countdown.seconds)
        timer = lineFree + 1_000_000
        drain()
    }

    /// Three backspaces, two columns and a blank each second (`lab-malta-built-missed-boot-missed`).
    private mutating func tick(_ left: Int) {
        let isShown = scenario.countdown?.showsSeconds ?? true
        guard left > 1 else {
            emit(isShown ? "\u{8}\u{8}\u{8} 0 \n" : "\n")
            return boot()
        }
        if isShown { emit("\u{8}\u{8}\u{8} \(left - 1) ") }
        phase = .countdown(left: left - 1)
        timer = lineFree + 1_000_000
    }

    /// `Starting kernel ...` (`lab-malta-built-linux-bootm`), then a few lines of OpenWrt, shortened.
    private mutating func boot() {
        emit("## Booting kernel from Legacy Image at bc050000 ...\n\nStarting kernel ...\n\n")
        emit("[    0.000000] Linux version 5.15.134 (builder@buildhost)\n[    0.000000] Board has DDR2\n\n")
        emit("OpenWrt login: ")
        phase = .login
    }

    /// Handles a stopped countdown.
    mutating func welcome() {
        timer = nil
        if scenario.password != nil {
            phase = .password
            line = []
            emit("\n" + scenario.passwordPrompt)
        } else {
            toPrompt()
        }
        drain()
    }

    mutating func toPrompt() {
        timer = nil
        phase = .prompt
        line = []
        let later = scenario.laterPrompt.flatMap { ran.count >= $0.at ? $0.prompt : nil }
        emit(raw: Array((later ?? scenario.prompt).utf8))
    }

    /// A message of the kernel's network bridge (Linux `net/bridge/br_stp.c`, br_set_state), or bytes of another rate.
    private mutating func chatter() {
        if scenario.start == .garbage {
            emit(raw: (0..<40).map { UInt8(truncatingIfNeeded: 0x80 &+ $0 &* 37) | 0x80 })
        } else {
            emit("[  123.456789] br-lan: port 1(eth0) entered forwarding state\n")
        }
        timer = lineFree + 20_000
    }
}
