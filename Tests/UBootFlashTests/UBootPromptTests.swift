import BoardConsoles
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Prompts of odd forms, and prompts that change.
@Suite("U-Boot's prompts")
struct UBootPromptTests {
    private let flash = SimulatedSessions.bytes(0x4000)

    /// All of the flash, from a survey on.
    private func read(_ session: UBootSession) async throws -> [UInt8] {
        let surveyed = try await UBootFlashAccess(session, store: ContentStore()).survey()
        let partition = try #require(surveyed.survey.partitions.first)
        var bytes: [UInt8] = []
        try await surveyed.reader.read(partition, ranges: [0..<partition.size]) { bytes += $0.bytes }
        return bytes
    }

    @Test(
        "Flash is read at any prompt",
        arguments: [
            ">", "BOOT:", "G3#", "uboot % ", String(repeating: "A", count: 150) + "=> ", "\u{1B}[1;32mboard\u{1B}[0m# ",
            "\u{1B}[33m(IPQ807x)\u{1B}[m > \u{1B}[?25h",
        ])
    func anyPrompt(_ prompt: String) async throws {
        // Without the checksums, which would be read twice as well; the dump has such prompts in its characters.
        for hasChecksum in [true, false] {
            let content = Array(">BOOT:>\r\n>G3#".utf8) + flash
            let board = SimulatedSessions.nor(content + [UInt8](repeating: 0x3E, count: 0x8000 - content.count)) {
                $0.prompt = prompt
                if !hasChecksum { $0.forbid("crc32") }
            }
            let expected = board.hardware.chips["nor0"]?.bytes
            var plain = UBootConsoleText()
            _ = plain.feed(Array(prompt.utf8))
            let shown = String(decoding: plain.openLine, as: UTF8.self)
            let bytes = try await SimulatedSessions.with(board, prompt: shown) { try await read($0) }
            #expect(bytes == expected, "\(prompt)")
            #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
            #expect(board.starts == 1)
        }
    }

    @Test("A prompt of one character is not near an empty line")
    func shortPrompt() {
        #expect(!PromptMatch.isNearly([], [0x3E]))
        #expect(!PromptMatch.isNearly([0x41], [0x3E]))
        #expect(PromptMatch.isNearly(Array("=>".utf8), Array("=> ".utf8)))
        #expect(PromptMatch.isNearly(Array("=-> ".utf8), Array("=> ".utf8)))
    }

    @Test("A prompt that changes is found again, and what was asked is asked again", arguments: [1, 3, 7, 20])
    func changedPrompt(_ at: Int) async throws {
        let board = SimulatedSessions.nor(flash) { $0.laterPrompt = ("other# ", at) }
        let bytes = try await SimulatedSessions.with(board) { session in
            let bytes = try await read(session)
            if board.commands.count > at + 1 {
                #expect(session.prompt == Array("other# ".utf8))
                // What was selected before may be lost, as after a restart.
                #expect(session.boot == 1)
            }
            return bytes
        }
        #expect(bytes == flash)
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        #expect(board.starts == 1)
    }

    @Test("Only three equal answers to ^C in a row make another prompt")
    func otherPrompt() {
        let (one, two) = (Array("a# ".utf8), Array("b# ".utf8))
        #expect(UBootSession.otherPrompt([one, one, one]) == one)
        #expect(UBootSession.otherPrompt([two, one, one, one]) == one)
        for lines in [[], [one], [one, one], [one, one, two], [one, two, one], [[], [], []]] as [[[UInt8]]] {
            #expect(UBootSession.otherPrompt(lines) == nil)
        }
    }
}
