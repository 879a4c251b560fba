/// The family of a board's processor, or of an image's code: as much as it takes to see that one does not fit the other.
package enum BoardArchitecture: String, Sendable, Hashable, CaseIterable {
    /// MIPS, 32 and 64 bit: U-Boot's `mips` and `mips64`.
    case mips
    /// Arm, 32 bit.
    case arm
    case arm64
    case riscv
    case powerpc
    /// 32 and 64 bit.
    case x86
    /// One that is known and none of these.
    case other

    /// In words.
    package var name: String {
        switch self {
        case .mips: "MIPS"
        case .arm: "32-bit Arm"
        case .arm64: "64-bit Arm"
        case .riscv: "RISC-V"
        case .powerpc: "PowerPC"
        case .x86: "x86"
        case .other: "another processor"
        }
    }

    /// Whether code of this family runs on a board; nil where that cannot be told.
    ///
    /// 64-bit Arm processors of many routers run 32-bit kernels, too, if their U-Boot can start them.
    package func runs(on board: BoardArchitecture?) -> Bool? {
        guard let board, !(self == .arm && board == .arm64) else { return nil }
        if self == .other, board == .other { return nil }
        return self == board
    }

    /// What a board's U-Boot tells of its processor; nil where that is not clear.
    ///
    /// - Parameters:
    ///   - version: what `version` printed: since 2010 it names the compiler, `mipsel-linux-gnu-gcc (…)`.
    ///   - board: as `bdinfo` told.
    ///   - help: as `help` listed.
    package static func guess(
        version: UBootReply?, board: UBootBoardInfo?, help: UBootHelp?
    ) -> BoardArchitecture? {
        version.flatMap(compiler) ?? guess(board: board, help: help)
    }

    /// By the compiler's name. Two that differ tell nothing.
    private static func compiler(_ reply: UBootReply) -> BoardArchitecture? {
        var found: BoardArchitecture?
        for line in reply.lines.prefix(100) {
            for word in line.words where word.hasSuffix("-gcc") || word.hasSuffix("-clang") || word.hasSuffix("-ld") {
                guard let this = prefixes.first(where: { word.hasPrefix($0.0) })?.1 else { continue }
                if let found, found != this { return nil }
                found = this
            }
        }
        return found
    }

    /// How names of cross compilers begin. The longer stand before the shorter.
    private static let prefixes: [(String, BoardArchitecture)] = [
        ("aarch64", .arm64), ("arm64", .arm64), ("arm", .arm), ("mips", .mips), ("riscv", .riscv),
        ("powerpc", .powerpc),
        ("ppc", .powerpc), ("x86_64", .x86), ("i586", .x86), ("i686", .x86),
    ]

    /// By what only one family has.
    private static func guess(board: UBootBoardInfo?, help: UBootHelp?) -> BoardArchitecture? {
        let isMIPS = board.map(liesInKernelSegments) ?? false
        // `arch_number` is that of Arm's old machine list, `TLB addr` its page table (`cmd/bdinfo.c`).
        let isArm =
            (help?.has("bootz") ?? false)
            || ["arch_number", "TLB addr"].contains { board?.values[$0] != nil }
        let isRISCV = board?.values["boot hart"] != nil
        switch (isMIPS, isArm, isRISCV) {
        case (true, false, false): return .mips
        case (false, false, true): return .riscv
        case (false, true, false):
            // Without `Build` it is older than 2020; then only 64-bit boards have `booti`.
            let is64 = board?.values["Build"].map { $0 == "64-bit" } ?? help?.has("booti") ?? false
            return is64 ? .arm64 : .arm
        default: return nil
        }
    }

    /// MIPS maps memory at 0x80000000 and flash up to 0xC0000000, whatever their physical addresses are: there it was
    /// linked to, or its memory is told at physical addresses while it runs there.
    private static func liesInKernelSegments(_ board: UBootBoardInfo) -> Bool {
        guard let start = board.relocationAddress, (0x8000_0000..<0xA000_0000).contains(start) else { return false }
        if !board.banks.contains(where: { $0.contains(start) }) {
            return board.banks.contains { $0.contains(start - 0x8000_0000) }
        }
        let flash: Range<UInt64> = 0x9C00_0000..<0xC000_0000
        if let offset = board.address("reloc off"), flash.contains((start &- offset) & 0xFFFF_FFFF) { return true }
        return board.flashStart.map(flash.contains) ?? false
    }
}
