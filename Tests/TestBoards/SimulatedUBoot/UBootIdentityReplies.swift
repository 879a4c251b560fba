import FlashModel

/// Output about U-Boot itself, its variables, the board and its parallel flash.
extension UBootMachine {
    /// An empty line first, as until 2013.07 (`vexpress-2011.12-version-help`; `common/cmd_version.c`, do_version).
    func version() -> Done {
        Done(
            text:
                "\n\(scenario.version)\narm-linux-gnueabihf-gcc (Debian 12.2.0-14) 12.2.0\nGNU ld (GNU Binutils) 2.40\n"
        )
    }

    /// `NAME    - SUMMARY`, in columns of 8 until 2019.01, then 10 (`*-version-help`; `common/command.c`, _do_help);
    /// `help NAME` prints the usage of one (`malta-errors`, cmd_usage).
    func help(_ words: [String]) -> Done {
        guard words.count == 1 else {
            guard scenario.commands.contains(words[1]) else {
                return Done(text: scenario.unknown.replacing("%", with: words[1]) + "\n")
            }
            var text =
                scenario.usages[words[1]] ?? UBootUsages.texts[words[1]]
                ?? "\(words[1]) - made up\n\nUsage:\n\(words[1]) \n"
            if scenario.hardware.readsOOB {
                if words[1] == "nand" { text += "nand read.raw - addr off|partition [pages]\n" }
                if words[1] == "mtd" {
                    text += "mtd read[.raw][.oob]                  <name> <addr> [<off> [<size>]]\n"
                }
            }
            return Done(text: text)
        }
        let lines = scenario.commands.sorted().map { name in
            let text = name == "tftp" ? scenario.tftpHelp : "about \(name)"
            return name + String(repeating: " ", count: max(0, 8 - name.utf8.count)) + "- \(text)\n"
        }
        return Done(text: lines.joined())
    }

    /// `LABEL       = VALUE` (`malta-bdinfo`; `cmd/bdinfo.c`, bdinfo_print_num_l, 2023.01). ``UBootScenario/BoardInfo``
    /// names the evidence of each form.
    func boardInfo() -> Done {
        func line(_ label: String, _ value: String) -> String {
            label + String(repeating: " ", count: max(0, 12 - label.utf8.count)) + "= \(value)\n"
        }
        func address(_ value: UInt64) -> String { "0x" + Self.digits(value, 8) }
        let start = scenario.memory.lowerBound
        let size = scenario.memory.upperBound - start
        let base = scenario.bases["nor0"] ?? 0
        let flash = scenario.hardware.chips["nor0"]?.bytes.count ?? 0
        var text = line("boot_params", address(scenario.relocation - 0x4_0000))
        switch scenario.boardInfo {
        case .banks:
            text += line("DRAM bank", address(0)) + line("-> start", address(start)) + line("-> size", address(size))
        case .memory, .bare:
            text += line("memstart", address(start)) + line("memsize", address(size))
        }
        text += line("flashstart", address(base)) + line("flashsize", address(UInt64(flash)))
        text += line("flashoffset", address(0)) + line("ethaddr", variables["ethaddr"] ?? "(not set)")
        text += line("baudrate", "115200 bps")
        guard scenario.boardInfo != .bare else { return Done(text: text) }
        text += line("relocaddr", address(scenario.relocation)) + line("reloc off", address(0x1000))
        if scenario.boardInfo == .banks {
            text += line("sp start", address(scenario.relocation - 0x10_0000)) + "lmb_dump_all:\n memory.cnt  = 0x1\n"
            text +=
                " memory[0]\t[\(Self.short(start))-\(Self.short(start + size - 1))], \(address(size)) bytes flags: 0\n"
            let reserved = scenario.relocation - 0x12_0000
            text += " reserved.cnt  = 0x1\n reserved[0]\t[\(Self.short(reserved))-\(Self.short(start + size - 1))], "
            text += "\(address(start + size - reserved)) bytes flags: 0\n"
        }
        return Done(text: text)
    }

    /// `malta-printenv` (`cmd/nvedit.c`, do_env_print).
    func environment(_ words: [String]) -> Done {
        guard words.count == 1 else {
            let lines = words.dropFirst().map { name in
                variables[name].map { "\(name)=\($0)\n" } ?? "## Error: \"\(name)\" not defined\n"
            }
            return Done(text: lines.joined())
        }
        let lines = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
        let used = lines.reduce(1) { $0 + $1.utf8.count }
        return Done(text: lines.joined() + "\nEnvironment size: \(used)/131068 bytes\n")
    }

    /// `malta-flinfo`, `malta-protect` (`drivers/mtd/cfi_flash.c`, flash_print_info).
    func flashInfo() -> String {
        let banks = scenario.hardware.chips.values.filter { scenario.bases[$0.chip.id] != nil }
            .sorted { $0.chip.id < $1.chip.id }
        var text = ""
        for (number, flash) in banks.enumerated() {
            let size = flash.bytes.count
            let block = flash.chip.eraseBlockSize
            let base = scenario.bases[flash.chip.id] ?? 0
            let shown = size % (1 << 20) == 0 ? "\(size >> 20) MB" : "\(size >> 10) kB"
            text +=
                "\nBank # \(number + 1): CFI conformant flash (16 x 16)  Size: \(shown) in \(size / block) Sectors\n"
            text += "  Intel Extended command set, Manufacturer ID: 0x00, Device ID: 0x0000\n"
            text +=
                "  Erase timeout: 16384 ms, write timeout: 3 ms\n  Buffer write timeout: 3 ms, buffer size: 2048 bytes\n"
            text += "\n  Sector Start Addresses:"
            for sector in 0..<size / block {
                let address = Self.digits(base + UInt64(sector * block), 8).uppercased()
                text += (sector % 5 == 0 ? "\n" : "") + "  \(address) \(protected.contains(sector) ? "  RO " : "     ")"
            }
            text += "\n"
        }
        return text
    }
}
