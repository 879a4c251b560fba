import FlashModel
import TestSupport
package import UBootFlash

/// The properties and output of a simulated U-Boot. The formats are those of the recordings in
/// `FlashAccessTests/Fixtures/UBoot`.
package struct UBootScenario: Sendable {
    /// The line ends.
    package enum LineEnd: Sendable {
        /// CR LF.
        case usual
        /// LF CR: i.MX until 2013.
        case reversed
        /// CR LF, and Enter echoes an additional CR: without line editing.
        case doubled
    }

    /// The word that `crc32` prints.
    package enum ChecksumWord: String, Sendable {
        case upper = "CRC32"
        case lower = "crc32"
    }

    /// The output of `bdinfo`.
    package enum BoardInfo: Sendable {
        /// `DRAM bank`, including U-Boot's own memory.
        case banks
        /// `memstart`, `memsize`, `relocaddr`.
        case memory
        /// The same without the location of U-Boot.
        case bare
    }

    /// The output of the `sf` commands.
    package enum SPIForm: Sendable {
        /// `… is now current device`; reads print nothing, whether they succeed or fail.
        case silent
        /// `SF: … Read: OK`, or `ERROR`.
        case short
        /// The same after a line that repeats the request.
        case long
    }

    /// The program that answers once the board is on.
    package enum Dialect: Sendable {
        case uboot
        case redboot
        case cfe
    }

    /// What is running when the line is opened.
    package enum Start: Sendable {
        case off
        case prompt
        case countdown
        case shell
        case login
        /// Prints continuously, and reads no input.
        case chatter
        /// Bytes as from another rate.
        case garbage
    }

    /// A countdown, in seconds.
    package struct Countdown: Sendable {
        package var text = "Hit any key to stop autoboot: "
        /// The keys that stop it; nil is any character.
        package var keys: [UInt8]?
        package var seconds = 3

        package init(_ text: String = "Hit any key to stop autoboot: ", keys: String? = nil, seconds: Int = 3) {
            self.text = text
            self.keys = keys.map { Array($0.utf8) }
            self.seconds = seconds
        }
    }

    package var prompt = "=> "
    package var version = "U-Boot 2023.01 (Nov 21 2026 - 01:25:44 +0000)"
    package var lineEnd = LineEnd.usual
    package var start = Start.prompt
    package var dialect = Dialect.uboot
    /// Microseconds of silence between the banner and the countdown.
    package var startTime = 200_000
    /// nil goes straight to the prompt.
    package var countdown: Countdown? = Countdown()
    /// Ralink's menu in place of a countdown: the digit of its command line; nil if it lists none.
    package var menu: Menu?
    /// The password requested before the prompt.
    package var password: String?
    /// The request for it.
    package var passwordPrompt = "Password: "
    /// What is printed at the start behind the banner, word for word; nil is the usual.
    package var startLog: String?
    /// A command line → its output, word for word, as a board's owner posted it. Its effects are those of the command.
    package var answers: [String: String] = [:]
    /// Whether the board ignores all input.
    package var isDeaf = false
    /// The response of a loader to an unknown command.
    package var unknown = "Unknown command '%' - try 'help'"

    package struct Menu: Sendable {
        package var commandLine: Character?

        package init(commandLine: Character?) {
            self.commandLine = commandLine
        }
    }

    /// The length of the command line in characters, including the final zero.
    package var lineLimit = 512
    /// The maximum number of unread characters.
    package var fifo = 16
    /// The transmission time of a character in microseconds.
    package var characterTime = 87
    /// How long the adapter collects bytes before it delivers them, in microseconds.
    package var adapterTime = 4000

    /// The rate of the board's console at its start, in bits per second; nil is a line without a rate, as over TCP.
    package var rate: Int?
    /// The rates that `setenv baudrate` accepts.
    package var rates: Set<Int> = [9_600, 19_200, 38_400, 57_600, 115_200]
    /// Rates that the board switches to, but at which none of its output arrives.
    package var deadRates: Set<Int> = []

    /// The offset of the memory that `saves` sends from the memory requested.
    package var recordsOffset: UInt64 = 0

    package var order = UBootMemoryDump.ByteOrder.little
    /// Blanks before the characters of a dump: 4 until 2021.07, then 2.
    package var dumpGap = 2
    /// Whether the last line of a dump is padded.
    package var padsDump = true
    package var checksumWord = ChecksumWord.upper
    package var boardInfo = BoardInfo.banks
    package var spiForm = SPIForm.long
    /// Whether `nand info` prints the size of the chip, as until 2017.
    package var namesNANDSize = true
    /// The address range of the RAM.
    package var memory: Range<UInt64> = 0x8000_0000..<0x9000_0000
    /// U-Boot's address in RAM.
    package var relocation: UInt64 = 0x8FFB_0000
    package var variables: [String: String] = [
        "baudrate": "115200", "ethaddr": "52:54:00:12:34:56", "loadaddr": "0x81000000",
    ]
    /// The commands listed by `help` and supported.
    package var commands: Set<String> = [
        "bdinfo", "bootm", "cp", "crc32", "echo", "help", "md", "mw", "printenv", "reset", "saveenv", "setenv",
        "version",
    ]

    /// Name → the output of `help NAME`, if it is not the usual one.
    package var usages: [String: String] = [:]
    /// Start of a command line → its fault.
    package var writeFaults: [String: UBootWriteFault] = [:]

    /// The help line of `tftp`: here that of HiSilicon's, which also uploads.
    package var tftpHelp = "tftp  - download or upload image via network using TFTP protocol"
    /// nil if no cable is connected.
    package var network: Network?

    /// The flash. Chips are accessed by their names: `nor0` is memory-mapped, `spi0` uses `sf`, `nand0` uses `nand`,
    /// and all can be accessed by `mtd`.
    package var hardware: SimulatedHardware
    /// A block of `nand0` that goes bad when this command is run, by its number from 1.
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
