/// The processor family of a board or an image, in enough detail to detect a mismatch.
package enum BoardArchitecture: String, Sendable, Hashable, CaseIterable {
    /// MIPS, 32 and 64 bits: U-Boot's `mips` and `mips64`.
    case mips
    /// Arm, 32 bits.
    case arm
    case arm64
    case riscv
    case powerpc
    /// 32 and 64 bits.
    case x86
    /// Any other known family.
    case other

    /// The name for display.
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

    /// Whether code of this family runs on a board; nil if unknown.
    ///
    /// The 64-bit Arm processors of many routers also run 32-bit kernels, if their U-Boot can start them.
    package func runs(on board: BoardArchitecture?) -> Bool? {
        guard let board, !(self == .arm && board == .arm64) else { return nil }
        if self == .other, board == .other { return nil }
        return self == board
    }
}
