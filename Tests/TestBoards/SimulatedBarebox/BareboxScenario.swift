import FlashModel

/// The properties and the line editor of a simulated barebox. Its forms are those of recordings of a real barebox 2026.06
/// (`BareboxFlashTests/Fixtures/Barebox`, built for a computer, with RAM as flash) and of its sources.
package struct BareboxScenario: LoaderPersonality {
    /// With one chip, whose id is its name in `/dev`: `nor0`, `nand0`.
    package var hardware: SimulatedHardware
    /// `sandbox-2026.06-version`: colours, and the folder.
    package var prompt = "\u{1B}[1;32mbarebox@\u{1B}[1;36mAcme R1:/\u{1B}[0m "
    /// The key of the countdown: `any`, `ctrl-c` or a character (`common/startup.c`, do_autoboot_countdown).
    package var abortKey = "any"
    /// Whether there is a menu, as in `sandbox-2026.06-countdown-any`.
    package var hasMenu = true
    /// Whether `crc32` is built in (`commands/Kconfig`, CMD_CRC).
    package var hasChecksum = true
    /// Whether `nand` is (`commands/Kconfig`, CMD_NAND).
    package var hasNAND = true
    /// Pages that the ECC cannot repair (`drivers/mtd/core.c`, mtd_op_read: reading such a page is an error).
    package var failingPages: Set<Int> = []
    /// Bytes that the processor cannot read (`common/memory_display.c`: `xx`).
    package var abortingBytes: Range<Int>?

    /// The board's cable; nil if it has no network interface, and none of the commands for it.
    package var network: SimulatedLoaderNetwork?
    /// What the start scripts have set, by parameter of `eth0`.
    package var ownParameters: [String: String] = [:]
    /// Parameters of `eth0` that cannot be set. Made up.
    package var fixedParameters: Set<String> = []
    var state = NetworkState()

    private var line: [UInt8] = []

    package init(_ hardware: SimulatedHardware) { self.hardware = hardware }

    var name: String { hardware.chips.keys.sorted().first ?? "nor0" }
    var flash: SimulatedHardware.Flash? { hardware.chips[name] }

    /// `sandbox-2026.06-boot-mtd`.
    package var startText: String {
        "\n\nbarebox 2026.06.0 #1 Tue Dec 1 08:45:06 UTC 2026\n\n\nBoard: Acme R1\n"
            + "malloc space: 0x7ffff6dd0010 -> 0x7ffff7dd000f (size 16 MiB)\n\u{1B}[?25h"
    }

    package var countdown: LoaderCountdown? {
        let keys: Set<UInt8>? =
            abortKey == "any" ? nil : abortKey == "ctrl-c" ? [0x03] : abortKey.utf8.first.map { [$0] }
        return LoaderCountdown(
            text: "\nHit \(hasMenu ? "m for menu or " : "")\(abortKey) to stop autoboot:    3", keys: keys,
            time: 3_000_000, keepsKey: false)
    }

    /// `common/boot.c`, boot_entry; then the kernel.
    package var systemText: String { "\nBooting entry 'net'\nLinux version 6.1.0\n" }

    /// `lib/readline.c`, readline; `sandbox-2026.06-line-edit`, `-ctrlc-typed`, `-ctrlc-idle`.
    package mutating func take(_ byte: UInt8) -> LoaderEdit {
        switch byte {
        case 0x03:
            line = []
            return .redraw("<INTERRUPT>\n")
        case 0x08, 0x7F:
            guard line.popLast() != nil else { return .echo([]) }
            return .echo([0x08, 0x20, 0x08])
        case 0x0D, 0x0A:
            let text = String(decoding: line, as: UTF8.self)
            line = []
            return .enter(text)
        // `sandbox-2026.06-line-too-long`: 1023 characters.
        case 0x20..<0x7F where line.count < 1_023:
            line.append(byte)
            return .echo([byte])
        // Ctrl-D, Ctrl-U and others do nothing here.
        default: return .echo([])
        }
    }

    package mutating func restart(_ number: Int) {
        line = []
        state = NetworkState()
    }
}
