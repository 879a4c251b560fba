import FlashModel

/// A program in the Executable and Linkable Format (System V ABI, chapters 4 and 5), such as `vmlinux`.
package struct ELFImage: Bootable {
    package static let name = "ELF"

    /// A segment to load.
    package struct Segment: Sendable, Hashable {
        /// The byte range in the file.
        package var file: Range<UInt64>
        /// The range of physical addresses.
        package var memory: Range<UInt64>
    }

    package var is64Bit: Bool
    package var isBigEndian: Bool
    /// The number of the processor family, and its decoded value.
    package var machine: Int
    package var processor: BoardArchitecture
    package var entry: UInt64
    /// The segments to load, in the order of the file.
    package var segments: [Segment]
    /// Whether the header and all segments are valid and lie in the file.
    package var isIntact: Bool

    private static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    /// The most segments to read. Kernels have a handful.
    private static let mostSegments = 128

    package static func recognize(_ bytes: inout ImageBytes) throws -> ELFImage? {
        try bytes.has(magic, at: 0) ? try ELFImage(&bytes) : nil
    }

    /// Parses a file that starts with the magic number.
    private init(_ bytes: inout ImageBytes) throws {
        let ident = Array(try bytes.bytes(at: 0, count: 20))
        let (width, order) = (ident.dropFirst(4).first ?? 0, ident.dropFirst(5).first ?? 0)
        let isBigEndian = order == 2
        let is64Bit = width == 2
        self.is64Bit = is64Bit
        self.isBigEndian = isBigEndian
        segments = []
        machine = try bytes.number(at: 18, bytes: 2, isBigEndian: isBigEndian)
        processor =
            switch machine {
            case 3, 62: .x86
            case 8: .mips
            case 20, 21: .powerpc
            case 40: .arm
            case 183: .arm64
            case 243: .riscv
            default: .other
            }
        let word = is64Bit ? 8 : 4
        func address(_ offset: Int) throws -> UInt64 {
            is64Bit
                ? try bytes.number(at: offset, isBigEndian: isBigEndian)
                : UInt64(try bytes.number(UInt32.self, at: offset, isBigEndian: isBigEndian))
        }
        func half(_ offset: Int) throws -> Int { try bytes.number(at: offset, bytes: 2, isBigEndian: isBigEndian) }
        entry = 0
        isIntact = false
        do {
            entry = try address(24)
            guard (1...2).contains(width), (1...2).contains(order) else { return }
            let table = try address(24 + word)
            let entrySize = try half(is64Bit ? 54 : 42)
            let count = try half(is64Bit ? 56 : 44)
            guard let table = Int(exactly: table), count > 0, count <= Self.mostSegments,
                entrySize >= (is64Bit ? 56 : 32)
            else { return }
            for index in 0..<count {
                guard let start = table.plus(index * entrySize), start.plus(entrySize) != nil else { return }
                // PT_LOAD.
                guard try bytes.number(at: start, bytes: 4, isBigEndian: isBigEndian) == 1 else { continue }
                let offset = try address(start + (is64Bit ? 8 : 4))
                let place = try address(start + (is64Bit ? 24 : 12))
                let stored = try address(start + (is64Bit ? 32 : 16))
                let taken = try address(start + (is64Bit ? 40 : 20))
                let (fileEnd, fileOverflow) = offset.addingReportingOverflow(stored)
                let (end, overflow) = place.addingReportingOverflow(taken)
                guard !fileOverflow, !overflow, fileEnd <= UInt64(bytes.size), stored <= taken else { return }
                if taken > 0 { segments.append(Segment(file: offset..<fileEnd, memory: place..<end)) }
            }
            isIntact = !segments.isEmpty
        } catch is ImageBytes.Fault {
            return
        }
    }

    package var summary: String { "ELF program for \(processor.name)" }
    package var architecture: BoardArchitecture? { processor }

    /// From the lowest segment to the highest.
    package func target(memoryStart: UInt64?) -> Range<UInt64>? {
        guard isIntact, let low = segments.map(\.memory.lowerBound).min(),
            let high = segments.map(\.memory.upperBound).max(), low < high
        else { return nil }
        return low..<high
    }

    package func fault(fileSize: Int) -> String? {
        isIntact
            ? "It is an ELF program, which neither bootm, bootz nor booti accepts."
            : "It is an ELF program that is damaged or truncated."
    }
}
