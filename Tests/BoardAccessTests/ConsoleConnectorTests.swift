import BoardAccess
import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LinuxFlash
import Synchronization
import TestBoards
import Testing

/// A new dialect is a type and an entry in the list; no other file mentions it.
@Suite struct ConsoleConnectorTests {
    /// Recognizes a monitor that prints its name at startup, and has its own error message.
    private struct ToyRecognizer: DialectRecognizer {
        var line: [UInt8] = []
        var name: String { "Toy" }
        var isBootloader: Bool { true }
        var promptCandidate: [UInt8]? { line == Array("toy> ".utf8) ? line : nil }

        mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
            for byte in bytes { line = byte == 0x0A || byte == 0x0D ? [] : line + [byte] }
            return []
        }

        func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
            String(decoding: reply, as: UTF8.self).contains("toy knows no") ? .complains(prompt: candidate) : .no
        }
    }

    private struct ToyDialect: ConsoleDialect {
        let board: SimulatedConnector
        var recognizer: any DialectRecognizer { ToyRecognizer() }

        func withBoard<Result: Sendable>(
            on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
        ) async throws -> DialectOutcome<Result> {
            #expect(answered.prompt == Array("toy> ".utf8))
            return .finished(
                try await board.withBoard(transcript: TranscriptLog()) { try await body($0) })
        }
    }

    /// Echoes its input, and answers every line with an error.
    private final class ToyChannel: BoardChannel, ChannelOpening {
        let traits = ChannelTraits(
            scheme: "tcp", address: "tcp://toy:1", mayHaveTerminal: true, isReliable: false, isSlow: true)
        private let waiting = Mutex<(output: [UInt8], line: [UInt8])>(([], []))

        func withChannel<Result: Sendable>(
            _ body: (any BoardChannel) async throws -> Result
        ) async throws -> Result { try await body(self) }

        func read(timeout: Duration?) async throws -> ChannelRead {
            let bytes = waiting.withLock { state in
                defer { state.output = [] }
                return state.output
            }
            if !bytes.isEmpty { return .bytes(bytes) }
            try await Task.sleep(for: .milliseconds(5))
            return .timedOut
        }

        func write(_ bytes: [UInt8], isSecret: Bool) async throws {
            waiting.withLock { state in
                for byte in bytes {
                    switch byte {
                    case 0x03:
                        state.line = []
                        state.output += Array("\r\ntoy> ".utf8)
                    case 0x0D:
                        state.output += Array("\r\ntoy knows no \(state.line.count) letters\r\ntoy> ".utf8)
                        state.line = []
                    default:
                        state.line.append(byte)
                        state.output.append(byte)
                    }
                }
            }
        }
    }

    /// Loses the board while something is done that cannot be resumed.
    private struct LosingDialect: ConsoleDialect {
        let interruption: BoardInterruption
        var recognizer: any DialectRecognizer { ToyRecognizer() }

        func withBoard<Result: Sendable>(
            on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
        ) async throws -> DialectOutcome<Result> { throw interruption }
    }

    @Test("A reset that nothing resumes is a lost board, and no unexpected error", arguments: [false, true])
    func reset(_ isSystemStart: Bool) async throws {
        let connector = ConsoleConnector(
            opener: ToyChannel(), credentials: Credentials(), environment: .simulated(),
            dialects: [
                LosingDialect(interruption: BoardInterruption(why: "U-Boot 1.1.4\u{1B}", isSystemStart: isSystemStart))
            ])
        do {
            try await connector.withBoard(transcript: TranscriptLog()) { _ in }
            Issue.record("there is no error")
        } catch let error as FlashkeepError {
            #expect(error.code == .boardLost && error.what.contains(isSystemStart ? "bootloader" : "reset"), "\(error)")
            #expect(error.why.contains("U-Boot 1.1.4") && !error.why.contains("\u{1B}"))
        }
    }

    @Test func aNewDialectIsATypeAndALine() async throws {
        let board = SimulatedConnector(SampleBoards.router())
        let connector = ConsoleConnector(
            opener: ToyChannel(), credentials: Credentials(), environment: .simulated(),
            dialects: [ToyDialect(board: board)])
        let chips = try await connector.withBoard(transcript: TranscriptLog()) { board in
            try await board.survey().survey.chips.count
        }
        #expect(chips == 2)
    }
}
