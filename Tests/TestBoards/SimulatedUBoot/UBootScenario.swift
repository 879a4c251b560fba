import FlashModel
import TestSupport
package import UBootFlash

/// The properties and output of a simulated U-Boot. The formats are those of the recordings in
/// `UBootFlashTests/Fixtures/UBoot`.
///
/// Each property names its evidence: a recording, or a source file of U-Boot with its function and version.
/// `Documentation/Simulators.md` lists what has none.
package struct UBootScenario: Sendable {
    /// The line ends.
    package enum LineEnd: Sendable {
        /// CR LF (`malta-*`; `drivers/serial/serial-uclass.c`, _serial_putc, 2023.01).
        case usual
        /// LF CR: i.MX until 2013 (`sabrelite-2013.07-*`).
        case reversed
        /// CR LF, and Enter echoes an additional CR: without line editing (`vexpress-*`; `common/cli_readline.c`,
        /// cli_readline_into_buffer, prints CR LF, and the driver adds another CR).
        case doubled
    }

    /// The word that `crc32` prints (`common/hash.c`, hash_command, since 2013.04): lower case in builds with several
    /// hashes (`vexpress-2013.07-crc32`), upper case in the others (`malta-crc32`) and before.
    package enum ChecksumWord: String, Sendable {
        case upper = "CRC32"
        case lower = "crc32"
    }

    /// The output of `bdinfo`.
    package enum BoardInfo: Sendable {
        /// `DRAM bank`, including U-Boot's own memory (`malta-bdinfo`, `arm-bdinfo`; `cmd/bdinfo.c`, print_bi_dram, and
        /// `lib/lmb.c`, lmb_dump_region, 2023.01).
        case banks
        /// `memstart`, `memsize`, `relocaddr` (`cmd/bdinfo.c`, do_bdinfo for MIPS, 2018.03).
        case memory
        /// The same without the location of U-Boot (`common/cmd_bdinfo.c`, do_bdinfo for MIPS, 2010.06).
        case bare
    }

    /// The output of the `sf` commands.
    package enum SPIForm: Sendable {
        /// `… is now current device`; reads print nothing, whether they succeed or fail. From 2008.10 until 2011.03
        /// (`common/cmd_sf.c`, do_spi_flash_probe), and HiSilicon's later. Upstream prints `SPI flash read failed`;
        /// a failure without any text has no evidence.
        case silent
        /// `SF: … Read: OK`, or `ERROR`: 2013.07 to 2015.04 (`sabrelite-2013.07-sf`; `common/cmd_sf.c`,
        /// do_spi_flash_read_write).
        case short
        /// The same after a line that repeats the request: since 2015.07 (`sabrelite-2018.03-sf`, `sabrelite-sf`; the
        /// line is printed by mtd_arg_off_size). The error's number is printed since 2015.10.
        case long
    }

    /// What is running when the line is opened.
    package enum Start: Sendable {
        case off
        case prompt
        case countdown
        /// busybox's shell on OpenWrt: `-ash: NAME: not found` (busybox `shell/ash.c`).
        case shell
        /// busybox's login: `NAME login: `, `Password: `, `Login incorrect` (busybox `loginutils/login.c`, login_main).
        case login
        /// Prints continuously, and reads no input: Linux with no shell on its console, as the kernel's network bridge
        /// prints it (`net/bridge/br_stp.c`, br_set_state).
        case chatter
        /// Bytes as from another rate.
        case garbage
    }

    /// A countdown, in seconds: two columns that backspaces replace each second until 2026.01
    /// (`lab-malta-built-missed-boot-missed`; `common/autoboot.c`, abortboot_single_key, 2023.01).
    package struct Countdown: Sendable {
        package var text = "Hit any key to stop autoboot: "
        /// The keys that stop it, wherever they are in the input (`lab-malta-keyed-boot`; `common/autoboot.c`,
        /// passwd_abort_key); nil is any character.
        package var keys: [UInt8]?
        package var seconds = 3
        /// Whether the seconds are printed behind the text, as they pass. A prompt that stops by a string is printed once
        /// (`common/autoboot.c`, abortboot_key_sequence, 2023.01).
        package var showsSeconds = true

        package init(
            _ text: String = "Hit any key to stop autoboot: ", keys: String? = nil, seconds: Int = 3,
            showsSeconds: Bool = true
        ) {
            self.showsSeconds = showsSeconds
            self.text = text
            self.keys = keys.map { Array($0.utf8) }
            self.seconds = seconds
        }
    }

    package var prompt = "=> "
    /// Another prompt, from this command on, by its number from 1 (assumed: another U-Boot runs then).
    package var laterPrompt: (prompt: String, at: Int)?
    package var version = "U-Boot 2023.01 (Nov 21 2026 - 01:25:44 +0000)"
    package var lineEnd = LineEnd.usual
    package var start = Start.prompt
    /// Microseconds of silence between the banner and the countdown; an assumption.
    package var startTime = 200_000
    /// nil goes straight to the prompt.
    package var countdown: Countdown? = Countdown()
    /// Ralink's menu in place of a countdown: the digit of its command line; nil if it lists none (Ralink's U-Boot
    /// 1.1.3, `lib_mips/board.c`, OperationSelect: the line exists only with RALINK_CMDLINE).
    package var menu: Menu?
    /// The password requested before the prompt (`board-uboot-password-hashes`).
    package var password: String?
    /// The request for it. The usual text has no evidence; that of the log is
    /// `### Please input uboot password: ###`.
    package var passwordPrompt = "Password: "
    /// What is printed at the start behind the banner, word for word; nil is the usual (`malta-boot`, shortened).
    package var startLog: String?
    /// A command line → its output, word for word, as a board's owner posted it
    /// (`UBootFlashTests/Fixtures/UBootConsoles`). Its effects are those of the command.
    package var answers: [String: String] = [:]
    /// Whether the board ignores all input.
    package var isDeaf = false
    /// Whether a terminal server echoes what is typed, in addition to the board (assumed).
    package var hasLocalEcho = false
    /// The response of a loader to an unknown command (`malta-errors`; `common/command.c`, cmd_process, 2023.01).
    package var unknown = "Unknown command '%' - try 'help'"

    package struct Menu: Sendable {
        package var commandLine: Character?

        package init(commandLine: Character?) {
            self.commandLine = commandLine
        }
    }

    /// The length of the command line in characters, including the final zero: CONFIG_SYS_CBSIZE. Further characters
    /// get a bell (`malta-line-too-long`; `common/cli_readline.c`, cread_add_char).
    package var lineLimit = 512
    /// The maximum number of unread characters: the receiver FIFO of a 16550 (PC16550D datasheet, overrun error).
    package var fifo = 16
    /// The transmission time of a character in microseconds: 10 bits at 115,200 bits per second.
    package var characterTime = 87
    /// How long the adapter collects bytes before it delivers them, in microseconds; an assumption.
    package var adapterTime = 4000

    /// The rate of the board's console at its start, in bits per second; nil is a line without a rate, as over TCP.
    package var rate: Int?
    /// The rates that `setenv baudrate` accepts: upstream's CONFIG_SYS_BAUDRATE_TABLE (`malta-put-baudrate`;
    /// `drivers/serial/serial-uclass.c`, on_baudrate, 2023.01).
    package var rates: Set<Int> = [9_600, 19_200, 38_400, 57_600, 115_200]
    /// Rates that the board switches to, but at which none of its output arrives. Without evidence.
    package var deadRates: Set<Int> = []

    /// The offset of the memory that `saves` sends from the memory requested. Made up: a reader must notice it.
    package var recordsOffset: UInt64 = 0

    /// How words are stored (`malta-md`, `malta-be-md`).
    package var order = UBootMemoryDump.ByteOrder.little
    /// Blanks before the characters of a dump: 4 until 2021.07, then 2 (`vexpress-2018.03-md`, `malta-md`;
    /// `lib/display_options.c`, print_buffer).
    package var dumpGap = 2
    /// Whether the last line of a dump is padded: since 2013.04 (`vexpress-2011.12-md`, `vexpress-2013.07-md`; same
    /// function).
    package var padsDump = true
    package var checksumWord = ChecksumWord.upper
    package var boardInfo = BoardInfo.banks
    package var spiForm = SPIForm.long
    /// What `spi id` of Ralink's prints behind the label (`drivers/spi_flash.c` of LinkIt Smart 7688's U-Boot 1.1.3).
    package var serialID = "c2 20 10 0 0"
    /// Whether `nand info` names a chip by its type, with its size, as before 2012.04 (`board-no-bdinfo-no-free-ram`).
    /// Since then it is named `nand0` (`sandbox-2026.07-nand-info`; `drivers/mtd/nand/nand.c`, nand_register).
    package var namesNANDSize = true
    /// The address range of the RAM (`malta-bdinfo`).
    package var memory: Range<UInt64> = 0x8000_0000..<0x9000_0000
    /// U-Boot's address in RAM (`malta-bdinfo`, relocaddr).
    package var relocation: UInt64 = 0x8FFB_0000
    package var variables: [String: String] = [
        "baudrate": "115200", "ethaddr": "52:54:00:12:34:56", "loadaddr": "0x81000000",
    ]
    /// The commands listed by `help` and supported. Which exist is a matter of the build (`*-version-help`).
    package var commands: Set<String> = [
        "bdinfo", "bootm", "cp", "crc32", "echo", "help", "md", "mw", "printenv", "reset", "saveenv", "setenv",
        "version",
    ]

    /// Name → the output of `help NAME`, if it is not the usual one.
    package var usages: [String: String] = [:]
    /// Start of a command line → its fault.
    package var writeFaults: [String: UBootWriteFault] = [:]

    /// The help line of `tftp`: here that of HiSilicon's, which also uploads (help listings of its U-Boot 2010.06 that
    /// owners of boards posted).
    package var tftpHelp = "tftp  - download or upload image via network using TFTP protocol"
    /// nil if no cable is connected.
    package var network: Network?

    /// The flash. Chips are accessed by their names: `nor0` is memory-mapped, `spi0` uses `sf`, `nand0` uses `nand`,
    /// and all can be accessed by `mtd`.
    package var hardware: SimulatedHardware
    /// A block of `nand0` that goes bad when this command is run, by its number from 1. NAND may develop bad blocks
    /// (K9F1G08U0D datasheet, "Error in write or read operation"); that U-Boot lists one without a restart has no
    /// evidence.
    package var goesBad: (block: Int, at: Int)?
    /// The addresses of memory-mapped chips.
    package var bases: [String: UInt64] = [:]

    package init(_ hardware: SimulatedHardware? = nil) {
        self.hardware = hardware ?? SimulatedHardware(identity: BoardIdentity(), chips: [], devices: [])
    }

    /// Adds commands.
    package mutating func allow(_ names: String...) { commands.formUnion(names) }

    /// Removes commands.
    package mutating func forbid(_ names: String...) { commands.subtract(names) }
}
