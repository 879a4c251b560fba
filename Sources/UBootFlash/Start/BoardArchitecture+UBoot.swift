import FlashAccess
package import ImageFormats

extension BoardArchitecture {
    /// The processor family according to a board's U-Boot; nil if it is not clear.
    ///
    /// - Parameters:
    ///   - version: the output of `version`, which has named the compiler since 2010: `mipsel-linux-gnu-gcc (…)`.
    ///   - board: the output of `bdinfo`.
    ///   - help: the output of `help`.
    package static func guess(
        version: UBootReply?, board: UBootBoardInfo?, help: UBootHelp?
    ) -> BoardArchitecture? {
        version.flatMap(compiler) ?? guess(board: board, help: help)
    }

    /// The family from the compiler's name; nil if two names disagree.
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

    /// The prefixes of cross compilers' names, longer ones first.
    private static let prefixes: [(String, BoardArchitecture)] = [
        ("aarch64", .arm64), ("arm64", .arm64), ("arm", .arm), ("mips", .mips), ("riscv", .riscv),
        ("powerpc", .powerpc),
        ("ppc", .powerpc), ("x86_64", .x86), ("i586", .x86), ("i686", .x86),
    ]

    /// The family from features that only one has.
    private static func guess(board: UBootBoardInfo?, help: UBootHelp?) -> BoardArchitecture? {
        let isMIPS = board.map(liesInKernelSegments) ?? false
        // `arch_number` is from Arm's old machine list, `TLB addr` is its page table (`cmd/bdinfo.c`).
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

    /// Whether the addresses are those of MIPS, which maps memory at 0x80000000 and flash up to 0xC0000000, whatever
    /// their physical addresses are: U-Boot was linked to that flash, or it runs there while its memory is reported at
    /// physical addresses.
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
