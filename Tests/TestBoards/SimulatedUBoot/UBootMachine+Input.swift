import TestSupport

/// Handling of typed characters, except at the prompt.
extension UBootMachine {
    /// Reads the waiting input.
    mutating func drain() {
        let waiting = fifo
        fifo = []
        for byte in waiting { take(byte) }
    }

    /// What arrives while nothing reads waits in the FIFO; more is lost (PC16550D datasheet, overrun error).
    private mutating func wait(_ byte: UInt8) {
        guard fifo.count < scenario.fifo else {
            return offend(.typedAhead, "a character was lost, as \(scenario.fifo) waited to be read")
        }
        fifo.append(byte)
    }

    mutating func offend(_ kind: SimulatedUBoot.Offence.Kind, _ text: String) {
        offences.append(.init(kind: kind, text: text))
    }

    /// Commands that check for ^C take one character and throw it away (`malta-typeahead`; `common/console.c`,
    /// ctrlc, 2023.01). A request for Enter accepts only CR (`cmd/load.c`, do_save_serial).
    mutating func take(_ byte: UInt8) {
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
            if let left = loadLeft {
                loadLeft = left - 1
                if left <= 1 {
                    loadLeft = nil
                    phase = .off
                    timer = nil
                    return powerOn(after: 200_000)
                }
            }
            let answer = receiver.take(byte)
            emit(raw: answer)
            phase = .loading(address, receiver)
            timer = lineFree + 1_000_000
            if let outcome = receiver.outcome { endLoad(outcome, at: address) }
        case .login, .loginPassword: login(byte)
        case .shell: shell(byte)
        }
    }

    /// `common/autoboot.c`, abortboot_single_key and passwd_abort_key, 2023.01.
    private mutating func stop(_ byte: UInt8) {
        heardKeys.append(byte)
        if let keys = scenario.countdown?.keys, !heardKeys.suffix(keys.count).elementsEqual(keys) { return }
        emit("\n")
        welcome()
    }

    /// A digit acts at once; the command line prints its choice and the version (Ralink's U-Boot 1.1.3,
    /// `lib_mips/board.c`, board_init_r).
    private mutating func choose(_ byte: UInt8) {
        if byte == scenario.menu?.commandLine?.asciiValue {
            emit("\(scenario.menu?.commandLine ?? "4")\n\n\n4: System Enter Boot Command Line Interface.\n")
            emit("\n" + scenario.version + "\n")
            welcome()
        } else if [0x32, 0x37, 0x39].contains(byte) {
            offend(.menu, "the menu was told \(UnicodeScalar(byte))")
        }
    }

    /// Asks again after each wrong password, without an echo. Without evidence but for the request itself
    /// (`board-uboot-password-hashes`).
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
            emit(scenario.passwordPrompt)
        }
    }

    /// busybox `loginutils/login.c`, get_username_or_die and login_main: an empty name asks again.
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

    /// busybox `shell/ash.c`; the prompt is that of OpenWrt's `/etc/profile`.
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
}
