import FlashModel
import TestSupport

/// The properties and output of a simulated RedBoot. The forms are those of the recordings in
/// `RedBootFlashTests/Fixtures`.
///
/// Each property names its evidence: a recording, or a source file of eCos with its function.
/// `Documentation/Simulators.md` lists what has none.
package struct RedBootScenario: Sendable {
    /// The sources from which a RedBoot is built; vendors' RedBoots are of the first two.
    package enum Generation: String, Sendable, CaseIterable {
        /// eCos of 2003-05-10 (`malta-2003-*`).
        case y2003
        /// eCos of 2006-06-01 (`malta-2006-*`).
        case y2006
        /// eCos of 2012-10 (`malta-2012-*`).
        case y2012
    }

    /// What is running when the line is opened.
    package enum Start: Sendable {
        case off
        case prompt
        /// It is switched on.
        case starting
    }

    /// What a command does in place of what it should.
    package enum Fault: Sendable {
        /// Asks this in place of its own question (made up: vendors change texts).
        case asks(String)
        /// Prints this, and does nothing.
        case fails(String)
        /// Answers its question as usual, and then prints this the first time, and does nothing.
        case failsOnce(String)
        /// Does nothing, without a word (made up).
        case nothing
        /// Programs all but the last byte (made up).
        case short
    }

    /// A network between the board and this computer.
    package struct Network: Sendable {
        /// The board's own address (`malta-2006-boot-net`).
        package var board = "192.168.1.1"
        package var host = "192.168.1.2"
        /// Whether packets get through at all (`malta-2006-load-tftp`: Unable to reach host).
        package var isConnected = true
        /// Loads, by their number from 1, of which one bit is flipped. Without evidence: UDP may have no checksum
        /// (RFC 768).
        package var flips: Set<Int> = []

        package init() {}
    }

    package var generation = Generation.y2006
    package var start = Start.prompt
    /// Where its code runs, as the banner has it in brackets (`redboot/current/src/version.c`: CYG_HAL_STARTUP). The
    /// recorded ones are `ROM`.
    package var startup = "ROM"
    package var prompt = "RedBoot> "
    /// Whether the console is a telnet connection: without echo, and a new connection gets an Enter by itself
    /// (`malta-2006-telnet`).
    package var isTelnet = false
    /// The lines of the boot script; empty if there is none (`malta-2006-boot-script-untouched`).
    package var script: [String] = []
    /// Microseconds until the script runs.
    package var scriptTimeout = 3_000_000
    /// Microseconds that it waits for an answer to BOOTP before its banner (`malta-2006-boot-net` has none; 30 s were seen).
    package var bootpTime = 0
    /// The address where the flash is mapped (`malta-2006-version`).
    package var base: UInt64 = 0xBE00_0000
    /// The range of the RAM, and the part of it that is free (`malta-2006-version`).
    package var memory: Range<UInt64> = 0x8000_0400..<0x8200_0000
    package var freeMemory: Range<UInt64> = 0x8000_CC60..<0x81EE_1000
    /// Whether the chip's driver locks blocks (`malta-2006-fis-lock`; none in 2003 and 2012).
    package var hasLocks = true
    /// Locked blocks (`io/flash/current/src/flash.c`: FLASH_ERR_PROTECT; the recordings' chip is never locked).
    package var locked: Set<Int> = []
    /// Commands that are not in this build (`help` lists those that are).
    package var missing: Set<String> = []
    /// Whether `dump` has `-s`: all recorded builds do.
    package var hasRecords = true
    /// Whether `go` and `exec` are expected.
    package var allowsStart = false
    /// The start of a command line → its fault.
    package var faults: [String: Fault] = [:]
    /// nil if there is no network card.
    package var network: Network?
    /// A further line of the start: `Ethernet eth0: MAC address …` (`malta-2006-boot-net`).
    package var startLines: [String] = []
    /// The line about flash in the banner; nil is that of the generation.
    package var flashLine: String?
    /// Lines of `fis list` in place of those of the directory; nil reads the directory on flash.
    package var listedLines: [String]?

    /// The flash: the chip `flash0`.
    package var hardware: SimulatedHardware
    /// Where the slots of the directory are, in bytes from the start of the chip; set by ``format(_:configurationSize:)``.
    package private(set) var directory: Range<Int>?
    /// Whether the words of the structures on flash are in big-endian order (`malta-be-2006-*`).
    package var isBigEndian = false

    /// Unread characters that the receiver keeps: the FIFO of a 16550 (PC16550D datasheet, overrun error).
    package var fifo = 16
    /// The transmission time of a character in microseconds: 10 bits at 115,200 bits per second.
    package var characterTime = 87
    /// How long the adapter collects bytes before it delivers them, in microseconds; an assumption.
    package var adapterTime = 4_000

    package init(_ hardware: SimulatedHardware) {
        self.hardware = hardware
    }

    /// The chip.
    package var chip: SimulatedHardware.Flash? { hardware.chips["flash0"] }
    /// The size of an erase block in bytes.
    var blockSize: Int { chip?.chip.eraseBlockSize ?? 0x1_0000 }
}

extension RedBootScenario {
    /// An image, as `fis create` enters it.
    package struct Image: Sendable {
        package var name: String
        /// In bytes from the start of the chip.
        package var offset: Int
        package var size: Int

        package init(_ name: String, _ offset: Int, _ size: Int) {
            self.name = name
            self.offset = offset
            self.size = size
        }
    }

    /// Writes a directory, and a configuration behind it, into the last block of the chip
    /// (`malta-2006-fisdir-block.bin`, `malta-be-2006-fisdir-block.bin`). Since 2006 they share the block; before, the
    /// configuration is in the block before (`malta-2003-fis-init`).
    ///
    /// - Parameter images: the first one is RedBoot.
    package mutating func format(_ images: [Image], configurationSize: Int = 0x1000) {
        guard var flash = chip else { return }
        let block = blockSize
        let last = flash.bytes.count - block
        let isShared = generation != .y2003
        let directory = Image("FIS directory", last, isShared ? block - configurationSize : block)
        let configuration = Image(
            "RedBoot config", isShared ? flash.bytes.count - configurationSize : last - block, configurationSize)
        var bytes = [UInt8](repeating: 0xFF, count: block)
        for (slot, image) in (images.prefix(1) + [configuration, directory] + images.dropFirst()).enumerated() {
            bytes.replaceSubrange(slot * 256..<(slot + 1) * 256, with: entry(image))
        }
        flash.bytes.replaceSubrange(last..<flash.bytes.count, with: bytes)
        flash.bytes.replaceSubrange(
            configuration.offset..<configuration.offset + configurationSize, with: configurationBlock(configurationSize)
        )
        hardware.chips["flash0"] = flash
        self.directory = directory.offset..<directory.offset + directory.size
    }

    private func word(_ value: UInt32) -> [UInt8] {
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        return isBigEndian ? bytes : bytes.reversed()
    }

    private func entry(_ image: Image) -> [UInt8] {
        let address = UInt32(truncatingIfNeeded: base) + UInt32(image.offset)
        let name = Array(image.name.utf8.prefix(15))
        return name + [UInt8](repeating: 0, count: 16 - name.count)
            + [address, address, UInt32(image.size), 0, UInt32(image.size)].flatMap(word)
            + [UInt8](repeating: 0, count: 220)
    }

    /// `redboot/current/src/fconfig.c`, struct _config.
    private func configurationBlock(_ size: Int) -> [UInt8] {
        func item(_ type: UInt8, _ key: String, _ value: [UInt8]) -> [UInt8] {
            [type, UInt8(key.utf8.count + 1), 1, 0] + Array(key.utf8) + [0] + value
        }
        var bytes = word(UInt32(size)) + word(0x0BAD_FACE)
        bytes += item(1, "boot_script", word(script.isEmpty ? 0 : 1))
        bytes += item(2, "console_baud_rate", word(115_200))
        bytes += item(6, "eth0_esa", [0x00, 0x0D, 0xA0, 0x00, 0x00, 0x01, 0, 0])
        bytes += item(2, "gdb_port", word(9_000))
        bytes += [UInt8](repeating: 0, count: size - 8 - bytes.count) + word(0xDEAD_DEAD)
        let sum = CRC32.sum(of: bytes) ^ CRC32.sum(repeating: 0, count: bytes.count)
        return bytes + word(sum)
    }
}
