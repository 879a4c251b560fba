/// A Linux kernel as its build system makes it for Arm and RISC-V; ``LinuxKernelImage`` parses it.
///
/// A zImage has its start and end (Linux `arch/arm/boot/compressed/head.S`), so its extent is known; an Image has only
/// the memory that it takes, which is more than its file. Neither has a checksum. A device tree may follow directly.
package enum LinuxKernelContent: ContentFormat {
    package static let name = LinuxKernelImage.name
    package static let signatures = [
        Signature([0x18, 0x28, 0x6F, 0x01], at: 0x24), Signature([0x01, 0x6F, 0x28, 0x18], at: 0x24),
        Signature(Array("ARM".utf8) + [0x64], at: 56), Signature(Array("RSC".utf8) + [0x05], at: 56),
    ]
    package static let alignment = 4
    private static let largest: UInt64 = 256 << 20

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let kernel = try LinuxKernelImage.recognize(&content.header), kernel.imageSize > 0,
            kernel.imageSize <= largest, kernel.textOffset <= largest
        else { return nil }
        let facts: [Fact?] = [
            Fact("kind", .text(kernel.kind == .zImage ? "zImage" : "Image")),
            .text("architecture", kernel.architecture?.name),
        ]
        guard kernel.kind == .zImage else {
            // A kernel before 3.17 has no size, but an offset; other EFI programs have neither.
            guard try content.little(16, 8) > 0 || content.little(8, 8) > 0 else { return nil }
            let isFilled = try content.isFilled(32..<56, with: 0)
            let isClear = kernel.kind != .arm64 || isFilled
            return Finding(
                name, at: content.start, size: nil, grade: isClear ? .plausible : .hint,
                facts: facts + [Fact("memory size", .size(Int(kernel.imageSize)))])
        }
        let size = Int(kernel.imageSize)
        guard size >= 0x40 else { return nil }
        guard size <= content.size else {
            return Finding(
                name, at: content.start, size: nil, grade: .hint, facts: facts,
                notes: ["the image ends before it does"])
        }
        // Newer kernels have a second and a third mark.
        let marks = [try content.little(0x30), try content.big(0x30)]
        let isMarked = marks.contains(0x0403_0201)
        return Finding(
            name, at: content.start, size: size, grade: isMarked ? .plausible : .hint, facts: facts)
    }
}
