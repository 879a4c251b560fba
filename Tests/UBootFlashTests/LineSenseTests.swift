import BoardChannels
import BoardConsoles
import FlashAccess
import TestSupport
import Testing

/// Distinguishes text from what a receiver reads at a wrong rate, with recorded dialogues.
@Suite struct LineSenseTests {
    /// Recorded output, with line ends as on a line.
    private static func logs() throws -> [(name: String, bytes: [UInt8])] {
        try UBootTranscript.all().sorted { $0.key < $1.key }.map { ($0.key, $0.value) }.filter { $0.1.count >= 300 }
    }

    private static func windows(_ bytes: [UInt8], _ size: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, through: bytes.count - size, by: size).map { bytes[$0..<($0 + size)] }
    }

    @Test("Text is never garbage, even if one character in thirty is damaged", arguments: [16, 48, 96, 256])
    func text(size: Int) throws {
        var random = SplitMix64(state: 1)
        for (name, bytes) in try Self.logs() {
            let damaged = bytes.map {
                Int.random(in: 0..<30, using: &random) == 0 ? $0 ^ 1 << UInt8.random(in: 0..<8, using: &random) : $0
            }
            for window in Self.windows(damaged, size) + Self.windows(bytes, size) {
                #expect(LineSense(window) != .garbage, "\(name): \(String(decoding: window, as: UTF8.self))")
            }
            #expect(LineSense(bytes) == .text || !bytes.suffix(256).contains(0x0A), "\(name)")
        }
    }

    @Test("Text read at a wrong rate is garbage, and never text")
    func garbage() throws {
        let rates = LineRates.common
        var judged = 0
        for (number, log) in try Self.logs().enumerated() {
            // Each log at some pairs of rates: all pairs occur, and a debug build finishes in time.
            for (index, sent) in rates.enumerated() {
                let read = rates[(index + 1 + number % (rates.count - 1)) % rates.count]
                let bytes = SerialSampling.received(
                    Array(log.bytes.prefix(2_000)), sentAt: sent, readAt: read, keepsBreaks: false)
                for window in Self.windows(bytes, 256) {
                    judged += 1
                    #expect(LineSense(window) == .garbage, "\(log.name) \(sent) at \(read): \(Array(window))")
                }
                for window in Self.windows(bytes, 24) + Self.windows(bytes, 96) {
                    #expect(LineSense(window) != .text, "\(log.name) \(sent) at \(read): \(Array(window))")
                }
            }
        }
        #expect(judged > 500)
    }

    @Test("Short replies are text, if they have line ends")
    func answers() {
        #expect(LineSense(Array("<INTERRUPT>\r\n=> ".utf8)) == .text)
        #expect(LineSense(Array("^C\r\n/ # ".utf8)) == .text)
        #expect(LineSense(Array("^C\n\r/ # ".utf8)) == .text)
        #expect(LineSense(Array("\r\n".utf8)) == .unclear)
        #expect(LineSense([]) == .unclear)
        #expect(LineSense(Array("################################".utf8)) == .unclear)
        #expect(
            LineSense(Array("Hit any key to stop autoboot:  2 \u{8}\u{8}\u{8} 1 \u{8}\u{8}\u{8} 0 ".utf8)) == .unclear)
        #expect(LineSense([0xF8, 0x00, 0xF0, 0x80, 0xFE, 0x78, 0x06, 0xE0, 0x1C]) == .garbage)
    }

    @Test("^C at a wrong rate is neither Enter nor a digit of a menu")
    func interrupt() {
        let rates = LineRates.common + [300, 1_200, 2_400, 4_800, 14_400, 28_800, 74_880, 250_000, 500_000, 2_000_000]
        for sent in rates {
            for read in rates where read != sent {
                let heard = SerialSampling.received([0x03], sentAt: sent, readAt: read, keepsBreaks: true)
                #expect(
                    heard.allSatisfy { $0 != 0x0D && $0 != 0x0A && !(0x30...0x39).contains($0) },
                    "\(sent) at \(read): \(heard)")
            }
        }
    }

    @Test("The model of the line: an equal rate changes nothing, and a break is dropped or zero")
    func model() {
        let text = Array("U-Boot 2023.01\r\n".utf8)
        #expect(SerialSampling.received(text, sentAt: 9_600, readAt: 9_600, keepsBreaks: false) == text)
        // Within the tolerance of half a bit in ten.
        #expect(SerialSampling.received(text, sentAt: 100_000, readAt: 103_000, keepsBreaks: false) == text)
        #expect(SerialSampling.received(text, sentAt: 9_600, readAt: 1_500_000, keepsBreaks: false).isEmpty)
        #expect(Set(SerialSampling.received(text, sentAt: 9_600, readAt: 1_500_000, keepsBreaks: true)) == [0])
    }
}
