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
        case .other: "another architecture"
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
}
