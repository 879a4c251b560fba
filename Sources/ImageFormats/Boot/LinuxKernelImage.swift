/// A Linux kernel as its own build system produces it, for `bootz` and `booti`.
package struct LinuxKernelImage: Bootable {
    package static let name = "Linux kernel"

    package enum Kind: String, Sendable, Hashable {
        /// 32-bit Arm, self-extracting (`Documentation/arch/arm/booting.rst`).
        case zImage
        /// 64-bit Arm (`Documentation/arch/arm64/booting.rst`).
        case arm64
        /// RISC-V (`Documentation/arch/riscv/boot-image-header.rst`).
        case riscv
    }

    package var kind: Kind
    /// The offset at which it runs, in bytes from the start of RAM, which is rounded up to 2 MiB for 64-bit Arm. 0 for
    /// a zImage, which relocates itself.
    package var textOffset: UInt64
    /// The bytes of RAM that it occupies there, more than its file size; for a zImage, its file size. 0 if unknown.
    package var imageSize: UInt64
    /// Whether it may run anywhere in RAM, at ``textOffset`` from a multiple of 2 MiB.
    package var runsAnywhere: Bool

    package static func recognize(_ bytes: inout ImageBytes) throws -> LinuxKernelImage? {
        // For 32-bit Arm, numbers are in the kernel's byte order.
        if try bytes.has([0x18, 0x28, 0x6F, 0x01], at: 0x24) {
            return try LinuxKernelImage(zImage: &bytes, isBigEndian: false)
        }
        if try bytes.has([0x01, 0x6F, 0x28, 0x18], at: 0x24) {
            return try LinuxKernelImage(zImage: &bytes, isBigEndian: true)
        }
        if try bytes.has(Array("ARM".utf8) + [0x64], at: 56) { return try LinuxKernelImage(.arm64, &bytes) }
        if try bytes.has(Array("RSC".utf8) + [0x05], at: 56) { return try LinuxKernelImage(.riscv, &bytes) }
        return nil
    }

    private init(zImage bytes: inout ImageBytes, isBigEndian: Bool) throws {
        let start = try bytes.number(at: 0x28, bytes: 4, isBigEndian: isBigEndian)
        let end = try bytes.number(at: 0x2C, bytes: 4, isBigEndian: isBigEndian)
        kind = .zImage
        textOffset = 0
        imageSize = UInt64(max(0, end - start))
        runsAnywhere = true
    }

    private init(_ kind: Kind, _ bytes: inout ImageBytes) throws {
        func number(_ offset: Int) throws -> UInt64 { try bytes.number(at: offset, isBigEndian: false) }
        self.kind = kind
        textOffset = try number(8)
        imageSize = try number(16)
        runsAnywhere = kind == .arm64 ? try number(24) & 8 != 0 : false
        if kind == .arm64, imageSize == 0 {
            // Before Linux 3.17; U-Boot assumes these values (`arch/arm/lib/image.c`, booti_setup).
            textOffset = 0x80000
            imageSize = 16 << 20
        }
    }

    package var summary: String {
        (kind == .zImage ? "zImage, a kernel for " : "Image, a kernel for ") + processor.name
    }

    package var architecture: BoardArchitecture? { processor }

    private var processor: BoardArchitecture {
        switch kind {
        case .zImage: .arm
        case .arm64: .arm64
        case .riscv: .riscv
        }
    }

    package var command: BootCommand? { kind == .zImage ? .bootz : .booti }

    /// Where `booti` moves it (`arch/arm/lib/image.c` and `arch/riscv/lib/image.c`, booti_setup); nil if it stays, or
    /// at most moves up to the next multiple of 2 MiB: ``room(fileSize:)``.
    package func target(memoryStart: UInt64?) -> Range<UInt64>? {
        guard let memoryStart, kind != .zImage, !runsAnywhere else { return nil }
        var (base, overflow) = memoryStart.addingReportingOverflow(kind == .arm64 ? Self.alignment - 1 : 0)
        guard !overflow else { return nil }
        if kind == .arm64 { base -= base % Self.alignment }
        let (start, startOverflow) = base.addingReportingOverflow(textOffset)
        overflow = startOverflow
        let (end, endOverflow) = start.addingReportingOverflow(imageSize)
        return overflow || endOverflow ? nil : start..<end
    }

    package func room(fileSize: Int) -> UInt64 {
        let file = UInt64(max(0, fileSize))
        guard runsAnywhere, kind == .arm64 else { return file }
        // `booti` may move it up to the next multiple of 2 MiB.
        let (moved, overflow) = imageSize.addingReportingOverflow(Self.alignment)
        return overflow ? .max : max(file, moved)
    }

    /// 2 MiB, the alignment of 64-bit Arm kernels.
    private static let alignment: UInt64 = 2 << 20
    /// The largest plausible kernel, in bytes.
    private static let largest: UInt64 = 512 << 20

    package func fault(fileSize: Int) -> String? {
        let size = UInt64(max(0, fileSize))
        guard imageSize > 0, imageSize <= Self.largest, textOffset <= Self.largest else {
            return "The sizes in its kernel header are inconsistent: the header is damaged."
        }
        switch kind {
        case .zImage:
            guard size >= imageSize else {
                return "It is truncated: the header says \(imageSize) bytes, the file has \(fileSize)."
            }
            guard size - imageSize <= UInt64(Self.padding) else {
                return
                    "A kernel of \(imageSize) bytes, followed by \(size - imageSize) more: it is made to be written to "
                    + "flash."
            }
        case .arm64, .riscv:
            // The image size includes the file's content; a device tree may follow it.
            guard size <= imageSize + UInt64(Self.padding) else {
                return "A kernel of \(imageSize) bytes in a file of \(fileSize): it is made to be written to flash."
            }
        }
        return nil
    }
}
