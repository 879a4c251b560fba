import FlashModel

/// The properties and output of a simulated CFE. Its forms are those of the sources of CFE 1.0.37 (openwrt-es/cfe-bcm63xx)
/// and of logs that owners posted (`CFEFlashTests/Fixtures`).
package struct CFEScenario: LoaderPersonality {
    package enum Family: Sendable, Hashable, CaseIterable {
        /// BCM47xx, with `fdump` (`bcm47xx-fdump`).
        case bcm47xx
        /// BCM47xx without `fdump`, whose flash is read where it is mapped (`ui/ui_examcmds.c`, dumpmem).
        case bcm47xxMapped
        /// BCM63xx with NOR (`bcm63xx-dm`).
        case bcm63xxNOR
        /// BCM63xx with NAND (`bcm63xx-spare`, `bcm63xx-fi`).
        case bcm63xxNAND
    }

    package let family: Family
    /// The chip `flash0` or `nand0`.
    package var hardware: SimulatedHardware
    package var prompt = "CFE> "
    /// Whether the line is edited with its cursor (`main/cfe_console.c`, console_readline); otherwise as by
    /// console_readline_noedit.
    package var hasLineEditing = false
    /// Whether the key must be `t` (logs of TP-Link's boards).
    package var wantsLetter = false
    /// Microseconds of the countdown; that of BCM47xx stands for the time of its boot script, an assumption.
    package var countdownTime = 1_000_000
    /// Whether `fdump` prints the characters and the gap in the middle: builds differ (notes of owners).
    package var hasCharacters = true
    /// Whether `dm` prints words (`bcm63xx_ram/src/bcm63xx_cmd.c`, ui_dumpaddr) or bytes (notes of owners:
    /// bootloader-dump-tools).
    package var printsWords = true
    /// The base of the length of `dm`: 10 in the source. Another one is made up.
    package var lengthBase = 10
    /// Whether it has `fi`, and `fb` (`bcm63xx-help`; TP-Link's boards have no `fi`).
    package var hasPartitions = true
    /// Whether BCM47xx lists the whole chip (notes of owners: `flash1: Device not found`).
    package var listsChip = true
    /// Where the flash is mapped: `Boot Address` of the start log.
    package var base: UInt64 = 0xBC00_0000
    /// Pages of NAND by number: how many more times their ECC fails.
    package var failingPages: [Int: Int] = [:]
    /// Pages whose bits the ECC repairs.
    package var correctedPages: Set<Int> = []

    /// The board's cable; nil if BCM47xx has no `save` and no `ifconfig`.
    package var network: SimulatedLoaderNetwork?
    /// The address that it has when it starts; nil if its network is not up then.
    package var ownAddress: String?
    /// As `ifconfig` has set it.
    var newAddress: String?
    /// As `ifconfig` shows it; nil before the network is up.
    var address: String? { newAddress ?? ownAddress }
    var mask = "255.255.255.0"

    private var line: [UInt8] = []
    /// The position of the cursor, for line editing.
    private var cursor = 0

    package init(_ family: Family, _ hardware: SimulatedHardware) {
        self.family = family
        self.hardware = hardware
        if family == .bcm63xxNOR { base = 0xBFC0_0000 }
    }

    var is63xx: Bool { family == .bcm63xxNOR || family == .bcm63xxNAND }
    /// The chip.
    package var flash: SimulatedHardware.Flash? { hardware.chips[family == .bcm63xxNAND ? "nand0" : "flash0"] }

    // MARK: Start

    package var startText: String {
        let size = flash?.bytes.count ?? 0
        guard is63xx else {
            return """


                CFE for WNDR3700v3 version: v1.0.6
                Build Date: Wed May 18 17:25:10 CST 2011
                Init Arena
                Init Devs.
                Boot partition size = 262144(0x40000)
                Found an ST compatible serial flash with \(size / blockSize) \(blockSize >> 10)KB blocks; total size 8MB
                CPU type 0x19740: 480MHz
                Tot mem: 65536 KBytes

                Device eth0:  hwaddr 00-0D-A0-00-00-01, ipaddr 192.168.1.1, mask 255.255.255.0
                        gateway not set, nameserver not set

                """
        }
        let nand = flash?.chip.kind.isNAND == true
        let chip =
            nand
            ? "NAND ECC BCH-4, page size 0x\(String(pageSize, radix: 16)) bytes, spare size used \(oobSize) bytes\n"
                + "NAND flash device: , id 0xeff1 block \(blockSize >> 10)KB size \(size >> 10)KB\n"
            : "Total Flash size: \(size >> 10)K with \(size / max(1, blockSize)) sectors\n"
        return """


            CFE version 1.0.39-116.174 for BCM963268 (32bit,SP,BE)
            Build Date: Wed Jun 14 13:56:05 EDT 2017 (builder@buildhost)
            Copyright (C) 2000-2015 Broadcom Corporation.

            Chip ID: BCM63168D0, MIPS: 400MHz, DDR: 400MHz, Bus: 200MHz
            Boot Address: 0x\(String(base, radix: 16))

            \(chip)Board Id (0-33)                   : NB6VAC-FXC-r0
            Base MAC Address                  : 00:0d:a0:00:00:01

            """
    }

    package var countdown: LoaderCountdown? {
        guard is63xx else {
            // ^C while it sets up its devices (notes of owners: Startup canceled).
            return LoaderCountdown(
                text: "", keys: [0x03], time: countdownTime, keepsKey: false, stopText: "Startup canceled\n")
        }
        let key = wantsLetter ? "'t'" : "any key"
        return LoaderCountdown(
            text: "*** Press \(key) to stop auto run (1 seconds) ***\nAuto run second count down: 1\u{8}1",
            keys: wantsLetter ? [UInt8(ascii: "t")] : nil, time: countdownTime, stopText: "\u{8}1\n")
    }

    package var systemText: String {
        "Closing network.\nStarting program at 0x80010000\nLinux version 2.6.30 (builder@buildhost)\n"
    }

    package mutating func restart(_ number: Int) {
        line = []
        cursor = 0
        newAddress = nil
    }

    // MARK: Typing

    package mutating func take(_ byte: UInt8) -> LoaderEdit {
        switch byte {
        case 0x03:
            // With line editing the length of the line stays.
            if !hasLineEditing { line = [] }
            cursor = 0
            return .redraw("^C\n")
        case 0x15:
            let count = cursor
            line = []
            cursor = 0
            return .echo(
                hasLineEditing
                    ? [UInt8](repeating: 0x08, count: count) + Array("\u{1B}[K".utf8)
                    : (0..<count).flatMap { _ in [0x08, 0x20, 0x08] as [UInt8] })
        case 0x08, 0x7F:
            guard cursor > 0 else { return .echo([]) }
            cursor -= 1
            line.remove(at: cursor)
            return .echo([0x08, 0x20, 0x08])
        case 0x0D, 0x0A:
            let text = String(decoding: line, as: UTF8.self)
            line = []
            cursor = 0
            return .enter(text)
        case 0x20..<0x7F:
            guard line.count < 299 else { return .echo([]) }
            line.insert(byte, at: cursor)
            let tail = Array(line[cursor...])
            cursor += 1
            return .echo(tail + [UInt8](repeating: 0x08, count: tail.count - 1))
        default: return .echo([])
        }
    }
}
