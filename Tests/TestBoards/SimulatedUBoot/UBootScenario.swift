import FlashModel
import TestSupport
package import UBootFlash

/// What a made-up U-Boot is and says. The forms are those of the recordings in `FlashAccessTests/Fixtures/UBoot`.
package struct UBootScenario: Sendable {
    /// How lines end.
    package enum LineEnd: Sendable {
        /// CR LF.
        case usual
        /// LF CR: i.MX until 2013.
        case reversed
        /// CR LF, and the Enter echoes a CR of its own: without line editing.
        case doubled
    }

    /// How `crc32` speaks.
    package enum ChecksumWord: String, Sendable {
        case upper = "CRC32"
        case lower = "crc32"
    }

    /// What `bdinfo` prints.
    package enum BoardInfo: Sendable {
        /// `DRAM bank`, with what U-Boot itself has.
        case banks
        /// `memstart`, `memsize`, `relocaddr`.
        case memory
        /// The same without a word of where U-Boot lies.
        case bare
    }

    /// What the `sf` commands print.
    package enum SPIForm: Sendable {
        /// `… is now current device`; reads say nothing, failed ones neither.
        case silent
        /// `SF: … Read: OK`, or `ERROR`.
        case short
        /// The same behind a line that repeats the question.
        case long
    }

    /// Who answers once the board is on.
    package enum Dialect: Sendable {
        case uboot
        case redboot
        case cfe
    }

    /// What is on when the line is opened.
    package enum Start: Sendable {
        case off
        case prompt
        case countdown
        case shell
        case login
        /// Says something all the time, and hears nothing.
        case chatter
        /// Bytes as from another rate.
        case garbage
    }

    /// A countdown, in seconds.
    package struct Countdown: Sendable {
        package var text = "Hit any key to stop autoboot: "
        /// What stops it; nil is any character.
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
    /// Nil goes to the prompt at once.
    package var countdown: Countdown? = Countdown()
    /// Ralink's menu in place of a countdown: the digit of its command line; nil where it names none.
    package var menu: Menu?
    /// Asked for before the prompt.
    package var password: String?
    /// Whether the board hears anything at all.
    package var isDeaf = false
    /// What a loader says to a word that it does not know.
    package var unknown = "Unknown command '%' - try 'help'"

    package struct Menu: Sendable {
        package var commandLine: Character?

        package init(commandLine: Character?) {
            self.commandLine = commandLine
        }
    }

    /// Characters that the line takes, less one for the final zero.
    package var lineLimit = 512
    /// Characters that wait unread at most.
    package var fifo = 16
    /// Microseconds of a character.
    package var characterTime = 87
    /// Microseconds that the adapter gathers what it hands on.
    package var adapterTime = 4000

    /// Bits a second of the board's console as it starts; nil is a line without a rate, as over TCP.
    package var rate: Int?
    /// The rates that `setenv baudrate` takes.
    package var rates: Set<Int> = [9_600, 19_200, 38_400, 57_600, 115_200]
    /// Rates that the board goes to, and at which nothing of what it prints comes through.
    package var deadRates: Set<Int> = []

    /// How far off the memory is that `saves` sends.
    package var recordsOffset: UInt64 = 0

    package var order = UBootMemoryDump.ByteOrder.little
    /// Blanks before the characters of a dump: 4 until 2021.07, then 2.
    package var dumpGap = 2
    /// Whether the last line of a dump is padded.
    package var padsDump = true
    package var checksumWord = ChecksumWord.upper
    package var boardInfo = BoardInfo.banks
    package var spiForm = SPIForm.long
    /// Whether `nand info` names the size of the chip, as until 2017.
    package var namesNANDSize = true
    /// Bytes of RAM, and where it begins.
    package var memory: Range<UInt64> = 0x8000_0000..<0x9000_0000
    /// Where U-Boot lies in it.
    package var relocation: UInt64 = 0x8FFB_0000
    package var variables: [String: String] = [
        "baudrate": "115200", "ethaddr": "52:54:00:12:34:56", "loadaddr": "0x81000000",
    ]
    /// What `help` lists, and what works.
    package var commands: Set<String> = [
        "bdinfo", "bootm", "cp", "crc32", "echo", "help", "md", "mw", "printenv", "reset", "saveenv", "setenv",
        "version",
    ]

    /// Name → what `help NAME` prints in place of what is usual.
    package var usages: [String: String] = [:]
    /// Start of a command line → what is wrong with it.
    package var writeFaults: [String: UBootWriteFault] = [:]

    /// What `help` says of `tftp`: here that of HiSilicon's, which uploads too.
    package var tftpHelp = "tftp  - download or upload image via network using TFTP protocol"
    /// Nil where no cable is in.
    package var network: Network?

    /// The flash. Chips are reached by their names: `nor0` stands in memory, `spi0` by `sf`, `nand0` by `nand`, and
    /// all by `mtd`.
    package var hardware: SimulatedHardware
    /// A block of `nand0` that goes bad as this command is run, by its number from 1.
    package var goesBad: (block: Int, at: Int)?
    /// Where chips stand in memory.
    package var bases: [String: UInt64] = [:]

    package init(_ hardware: SimulatedHardware? = nil) {
        self.hardware = hardware ?? SimulatedHardware(identity: BoardIdentity(), chips: [], devices: [])
    }

    /// Adds commands.
    package mutating func allow(_ names: String...) { commands.formUnion(names) }

    /// Takes a command away.
    package mutating func forbid(_ names: String...) { commands.subtract(names) }
}
