/// Other bootloaders and programs, found by texts that only they have. Where one starts and ends is unknown.
///
/// Sources: RedBoot prints `RedBoot(tm) bootstrap and debug environment [ROM]` (eCos `redboot/main.c`); CFE `CFE
/// version` (Broadcom `cfe_version`); barebox `barebox 2021.03.0` (`common/version.c`); Breed, pb-boot, RouterBOOT, ZyXEL
/// and Realtek: notes of owners.
package enum OtherLoaders: ContentFormat {
    package static let name = "bootloader text"
    private static let texts: [(text: String, loader: String)] = [
        ("RedBoot(tm) bootstrap", "RedBoot"), ("CFE version ", "CFE"), ("barebox 20", "barebox"), ("CFE1CFE1", "CFE"),
        ("Breed ", "Breed"), ("pb-boot", "pb-boot"), ("RouterBOOT-", "RouterBOOT"), ("RouterBOOT booter", "RouterBOOT"),
        ("ZyXEL zloader", "zloader"), ("---RealTek(RTL", "Realtek loader"), ("YAMON ROM Monitor", "YAMON"),
        ("ADAM2 Revision", "ADAM2"), ("PSPBoot", "PSPBoot"), ("NetLoader", "NetLoader"), ("BOLT v", "BOLT"),
    ]
    package static let signatures = texts.map { Signature($0.text) }

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        // `Breed 1.1`, not a sentence with that word.
        !head.has("Breed ") || (0x30...0x39).contains(head.byte(6))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let line = try content.bytes(at: 0, count: min(120, content.size)).prefix { (0x20...0x7E).contains($0) }
        guard let loader = texts.first(where: { line.has($0.text) })?.loader else { return nil }
        return Finding(
            name, at: content.start, size: nil, grade: .hint,
            facts: [
                Fact("bootloader", .text(loader)),
                Fact("text", .text(String(decoding: line, as: UTF8.self).trimmingControls)),
            ])
    }
}
