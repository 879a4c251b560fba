import FlashModel
import ImageFormats
import TestSupport

/// Builds boot images as their formats' documents describe them.
extension BootImageTests {
    static func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    static func little(_ value: UInt32) -> [UInt8] { big(value).reversed() }
    static func long(_ value: UInt64) -> [UInt8] {
        little(UInt32(truncatingIfNeeded: value)) + little(UInt32(truncatingIfNeeded: value >> 32))
    }
    static func padded(_ bytes: [UInt8], to unit: Int = 4) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (unit - bytes.count % unit) % unit)
    }
    static func content(_ count: Int) -> [UInt8] { SplitMix64.bytes(count, seed: 77) }

    static func legacy(
        _ data: [UInt8], load: UInt32 = 0x8000_0000, entry: UInt32 = 0x8000_0400, system: UInt8 = 5, arch: UInt8 = 5,
        type: UInt8 = 2, packing: UInt8 = 0, name: String = "MIPS OpenWrt Linux-6.6"
    ) -> [UInt8] {
        func header(_ sum: UInt32) -> [UInt8] {
            var bytes = big(0x2705_1956) + big(sum) + big(0x5F00_0000) + big(UInt32(data.count))
            bytes += big(load) + big(entry) + big(CRC32.sum(of: data)) + [system, arch, type, packing]
            return padded(bytes + Array(name.utf8).prefix(32), to: 64)
        }
        return header(CRC32.sum(of: header(0))) + data
    }

    /// A node or a property of a device tree.
    indirect enum Line {
        case node(String, [Line])
        case property(String, [UInt8])
        static func text(_ name: String, _ value: String) -> Line { .property(name, Array(value.utf8) + [0]) }
        static func cell(_ name: String, _ value: UInt32) -> Line { .property(name, BootImageTests.big(value)) }
    }

    static func tree(_ lines: [Line]) -> [UInt8] {
        var structure: [UInt8] = []
        var strings: [UInt8] = []
        var places: [String: Int] = [:]
        func add(_ line: Line) {
            switch line {
            case .node(let name, let lines):
                structure += big(1) + padded(Array(name.utf8) + [0])
                for line in lines { add(line) }
                structure += big(2)
            case .property(let name, let value):
                let place = places[name] ?? strings.count
                if places[name] == nil { strings += Array(name.utf8) + [0] }
                places[name] = place
                structure += big(4) + big(3) + big(UInt32(value.count)) + big(UInt32(place)) + padded(value)
            }
        }
        add(.node("", lines))
        structure += big(9)
        let start = 40 + 16
        let stringsStart = start + structure.count
        let total = stringsStart + strings.count
        var header = big(0xD00D_FEED) + big(UInt32(total)) + big(UInt32(start)) + big(UInt32(stringsStart)) + big(40)
        header += big(17) + big(16) + big(0) + big(UInt32(strings.count)) + big(UInt32(structure.count))
        return header + [UInt8](repeating: 0, count: 16) + structure + strings
    }

    static func fit(
        kernel: [Line], configuration: [Line] = [.text("kernel", "kernel-1"), .text("fdt", "fdt-1")],
        selected: String? = "config-1", others: [Line] = []
    ) -> [UInt8] {
        tree([
            .text("description", "test"), .cell("timestamp", 1_600_000_000), .cell("#address-cells", 1),
            .node(
                "images",
                [
                    .node("kernel-1", kernel),
                    .node(
                        "fdt-1", [.text("type", "flat_dt"), .property("data", content(200)), .text("arch", "arm64")]),
                ] + others),
            .node(
                "configurations",
                (selected.map { [.text("default", $0)] } ?? []) + [.node("config-1", configuration)]),
        ])
    }

    static func kernelPart(_ data: [UInt8], type: String = "kernel", arch: String = "arm64") -> [Line] {
        [
            .text("description", "Linux"), .text("type", type), .text("arch", arch), .text("os", "linux"),
            .text("compression", "none"), .cell("load", 0x4800_0000), .cell("entry", 0x4800_0000),
            .property("data", data), .node("hash-1", [.text("algo", "crc32"), .property("value", big(7))]),
        ]
    }

    static func zImage(_ size: Int, isBigEndian: Bool = false) -> [UInt8] {
        func word(_ value: UInt32) -> [UInt8] { isBigEndian ? big(value) : little(value) }
        var bytes = [UInt8](repeating: 0, count: 0x24) + word(0x016F_2818) + word(0) + word(UInt32(size))
        bytes += word(0x0403_0201)
        return bytes + content(max(0, size - bytes.count))
    }

    static func image(
        _ magic: String, size: UInt64, offset: UInt64 = 0, flags: UInt64 = 10, file: Int = 5000
    ) -> [UInt8] {
        var bytes = Array("MZ".utf8) + [0, 0] + little(0) + long(offset) + long(size) + long(flags)
        bytes += [UInt8](repeating: 0, count: 24) + Array(magic.utf8) + little(64)
        return bytes + content(file - bytes.count)
    }

    static func elf(is64: Bool, isBig: Bool, machine: UInt32, segments: [(UInt64, Int, Int)]) -> [UInt8] {
        func number(_ value: UInt64, _ count: Int) -> [UInt8] {
            let bytes = Array(long(value).prefix(count))
            return isBig ? bytes.reversed() : bytes
        }
        let word = is64 ? 8 : 4
        let headerSize = is64 ? 64 : 52
        let entrySize = is64 ? 56 : 32
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, is64 ? 2 : 1, isBig ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
        bytes += number(2, 2) + number(UInt64(machine), 2) + number(1, 4)
        bytes +=
            number(segments.first?.0 ?? 0, word) + number(UInt64(headerSize), word) + number(0, word) + number(0, 4)
        bytes += number(UInt64(headerSize), 2) + number(UInt64(entrySize), 2) + number(UInt64(segments.count), 2)
        bytes += number(0, 6)
        var offset = headerSize + entrySize * segments.count
        var data: [UInt8] = []
        for (place, stored, taken) in segments {
            let numbers = [UInt64(offset), place, place, UInt64(stored), UInt64(taken)].flatMap { number($0, word) }
            bytes +=
                is64
                ? number(1, 4) + number(7, 4) + numbers + number(0, 8)
                : number(1, 4) + numbers + number(7, 4) + number(0, 4)
            data += content(stored)
            offset += stored
        }
        return bytes + data
    }

    static func whole(_ bytes: [UInt8]) throws -> BootImage {
        try BootImage(size: bytes.count) { Array(bytes[$0]) }
    }
}
