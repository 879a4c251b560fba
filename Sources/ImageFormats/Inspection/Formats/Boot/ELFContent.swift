import FlashModel

/// A program in the Executable and Linkable Format (System V ABI, chapters 4 and 5). ``ELFImage`` parses its segments.
///
/// It has no checksum. Its extent is the end of the last of its tables, segments and sections; plausible if all of them
/// are in range.
package enum ELFContent: ContentFormat {
    package static let name = ELFImage.name
    package static let signatures = [Signature([0x7F, 0x45, 0x4C, 0x46])]
    /// The most sections whose ends are read.
    private static let mostSections = 512

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= 52 && (1...2).contains(head.byte(4)) && (1...2).contains(head.byte(5)) && head.byte(6) == 1
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let is64Bit = try content.little(4, 1) == 2
        let isBigEndian = try content.little(5, 1) == 2
        func number(_ offset: Int, _ count: Int) throws -> Int {
            try content.number(offset, count, isBigEndian: isBigEndian)
        }
        let word = is64Bit ? 8 : 4
        let programs = try number(24 + word, word)
        let sections = try number(24 + 2 * word, word)
        let tail = 24 + 3 * word + 4
        let (headerSize, programSize, programCount) = (
            try number(tail, 2), try number(tail + 2, 2), try number(tail + 4, 2)
        )
        let (sectionSize, sectionCount) = (try number(tail + 6, 2), try number(tail + 8, 2))
        guard headerSize == (is64Bit ? 64 : 52), programCount == 0 || programSize == (is64Bit ? 56 : 32),
            sectionCount == 0 || sectionSize == (is64Bit ? 64 : 40), programCount + sectionCount > 0,
            programCount <= 128, let programsEnd = programs.plus(programSize * programCount),
            let sectionsEnd = sections.plus(sectionSize * sectionCount)
        else { return nil }
        var end = max(headerSize, programCount > 0 ? programsEnd : 0, sectionCount > 0 ? sectionsEnd : 0)
        for index in 0..<programCount {
            let entry = programs + index * programSize
            let offset = try number(entry + (is64Bit ? 8 : 4), word)
            guard let last = offset.plus(try number(entry + (is64Bit ? 32 : 16), word)) else { return nil }
            end = max(end, last)
        }
        for index in 0..<min(sectionCount, mostSections) where sections > 0 {
            let entry = sections + index * sectionSize
            // SHT_NOBITS takes no bytes.
            guard try number(entry + 4, 4) != 8 else { continue }
            let offset = try number(entry + (is64Bit ? 24 : 16), word)
            guard let last = offset.plus(try number(entry + (is64Bit ? 32 : 20), word)) else { return nil }
            end = max(end, last)
        }
        guard end <= content.size else { return nil }
        let image = try ELFImage.recognize(&content.header)
        return Finding(
            name, at: content.start, size: end, grade: .plausible,
            facts: [
                .text("kind", kinds[try number(16, 2)]), .text("architecture", image?.processor.name),
                Fact("byte order", .text(isBigEndian ? "big-endian" : "little-endian")),
                image.flatMap { $0.entry > 0 ? Fact("entry point", .address($0.entry)) : nil },
            ])
    }

    /// e_type.
    private static let kinds = [1: "relocatable (a kernel module)", 2: "program", 3: "shared object", 4: "core dump"]
}
