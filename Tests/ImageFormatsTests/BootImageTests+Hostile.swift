import FlashModel
import ImageFormats
import TestSupport
import Testing

/// Images truncated at every length, damaged, and malicious.
extension BootImageTests {
    static var samples: [[UInt8]] {
        let lines = kernelPart(content(300))
        return [
            legacy(content(500)), legacy(big(10) + big(3) + big(0) + content(20), type: 4),
            legacy([0x5D] + little(1 << 23) + long(5000) + content(50), packing: 3), fit(kernel: lines),
            padded(fit(kernel: [.text("type", "kernel"), .cell("data-size", 8), .cell("data-offset", 0)])) + content(8),
            zImage(200), zImage(200, isBigEndian: true), image("ARMd", size: 6000, file: 300),
            image("RSC\u{5}", size: 6000, file: 300),
            elf(is64: false, isBig: true, machine: 8, segments: [(0x8000_0000, 30, 30), (0x8100_0000, 9, 90)]),
            elf(is64: true, isBig: false, machine: 183, segments: [(0x8000_0000, 30, 30)]),
            Array("HDR0".utf8) + content(50), [0x5D, 0, 0, 0x80, 0] + content(50), content(600),
        ]
    }

    /// Calls everything that an image offers; nothing traps.
    static func ask(_ image: BootImage) {
        _ = image.summary
        _ = image.command
        _ = image.room
        for memory: UInt64? in [nil, 0, 0x8000_0000, .max] {
            if let target = image.target(memoryStart: memory) { #expect(!target.isEmpty) }
        }
        for board in BoardArchitecture.allCases {
            if let error = image.refusal(file: "x", board: board) {
                #expect(!error.why.contains("\n") && error.why.hasSuffix("."))
            }
        }
    }

    @Test func cutAtEveryLength() throws {
        for sample in Self.samples {
            for length in 0...sample.count {
                let cut = Array(sample.prefix(length))
                let image = try Self.whole(cut)
                Self.ask(image)
                // A truncated image may be recognized by its beginning, but is refused.
                if length < sample.count, image.command != .go, !image.summary.hasPrefix("Image") {
                    #expect(image.refusal(file: "x") != nil, "\(image.summary) \(length) of \(sample.count)")
                }
                Self.ask(BootImage(head: cut, size: sample.count))
            }
        }
    }

    @Test(arguments: 0..<12) func damaged(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) &* 31337 &+ 5)
        for sample in Self.samples {
            for _ in 0..<25 {
                var bytes = sample
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let place = Int.random(
                        in: 0..<min(bytes.count, Bool.random(using: &random) ? 80 : 5000), using: &random)
                    bytes[place] =
                        [0, 0xFF, 0x7F, 0x80, UInt8.random(in: 0...255, using: &random)]
                        .randomElement(using: &random, or: 0)
                }
                Self.ask(try Self.whole(bytes))
                Self.ask(BootImage(head: Array(bytes.prefix(200)), size: Int.random(in: 0...(.max), using: &random)))
                Self.ask(BootImage(head: bytes, size: -5))
            }
        }
    }

    /// A tree of nodes only, one of properties only, one with a repeated node, and one that is too deep.
    @Test func hostileTrees() throws {
        var deep: Line = .node("x", [])
        for _ in 0..<40 { deep = .node("x", [deep]) }
        for lines in [
            [deep], (0..<3000).map { .node("n\($0)", []) }, [.node("images", []), .node("images", [])],
            (0..<25_000).map { .cell("p\($0)", 1) },
        ] {
            #expect(try Self.whole(Self.tree(lines)).format as? DeviceTreeImage == DeviceTreeImage(isDamaged: true))
        }
        let large = Self.tree((0..<4_000).map { .property("p\($0)", [UInt8](repeating: 0, count: 1000)) })
        Self.ask(try Self.whole(large))
    }
}
