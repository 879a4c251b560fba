package import FlashAccess
import LoaderConsoles

/// What Realtek's loader said of itself and of the flash. Any of it may be missing.
package struct RealtekFacts: Sendable {
    /// By question; only those that were answered.
    package let replies: [String: ConsoleReply]
    package let start: RealtekStartLog?
    package let help: RealtekHelp?
    /// What the user knows.
    package let given: GivenMemory

    package init(_ replies: [String: ConsoleReply], given: GivenMemory = GivenMemory()) {
        self.replies = replies
        self.given = given
        start = replies[LoaderAnswers.startLogName].map { RealtekStartLog($0) }
        help = replies[RealtekCommands().help()].flatMap(RealtekHelp.init)
    }

    /// Why flash cannot be fetched over the network; a sentence. nil if it can, as far as is known.
    ///
    /// - Parameter memory: where FLR copies to.
    func networkObstacle(memory: UInt64) -> String? {
        guard let help else { return "Its help was not understood." }
        guard way == .copied else { return "Only what FLR copies to RAM can be fetched." }
        if let missing = ["AUTOBURN", "IPCONFIG"].first(where: { !help.has($0) }) {
            return "Its help lists no \(missing)."
        }
        guard help.has("LOADADDR") || memory == Self.usualMemory.lowerBound else {
            return "Its help lists no LOADADDR, and --ram gives other memory than it loads to."
        }
        return nil
    }

    /// How the flash is read.
    package enum Way: Sendable, Hashable {
        /// FLR copies it to RAM, by its offset on the chip.
        case copied
        /// It is mapped into the address space, from this address on.
        case mapped(base: UInt64)
    }

    /// RAM that the loader leaves alone: it ends below, and loads systems there (`etherboot.h`; notes of owners).
    static let usualMemory: Range<UInt64> = 0x8050_0000..<0x8070_0000
    /// Where serial NOR is mapped (notes of owners of RTL8196C and RTL8196E: `SPI_FLASH_BASE`, 0xbd000000).
    static let serialWindow: UInt64 = 0xBD00_0000
    /// How much of it is mapped: the window ends where the boot ROM's begins.
    static let serialWindowSize = 16 << 20

    /// nil if the board has no command for it.
    package var way: Way? {
        guard let help, help.has("DB") || help.has("DW") else { return nil }
        if let given = given.flash.first(where: { $0.kind == .nor }) { return .mapped(base: given.start) }
        if help.has("FLR") { return .copied }
        return start?.isParallel == true ? nil : .mapped(base: Self.serialWindow)
    }
}
