import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import EVAFlash

/// Sessions with a simulated loader over real connections.
@Suite("Transfers from EVA", .serialized)
struct EVATransferTests {
    private static let block = 4096

    private func withFlash<Value: Sendable>(
        _ eva: SimulatedEVA, _ change: (inout EVALimits) -> Void = { _ in },
        _ body: (SurveyedFlash) async throws -> Value
    ) async throws -> Value {
        defer { eva.stop() }
        let value = try await eva.connector(change).withBoard(transcript: TranscriptLog()) { board in
            try await body(try await board.survey())
        }
        #expect(eva.offences.isEmpty, "\(eva.offences)")
        return value
    }

    private func chunk(_ flash: SurveyedFlash, _ index: Int) async throws -> FlashChunk {
        let partition = try #require(flash.survey.partition(index))
        return try await flash.reader.chunk(0..<partition.size, of: partition)
    }

    private static func bytes(_ index: Int) -> [UInt8] { SimulatedEVA.box().expected(index) }

    @Test("Partitions are read whole, whether the end is signalled or not", arguments: [true, false], [true, false])
    func read(_ signalsEnd: Bool, _ sendsMore: Bool) async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) {
            $0.signalsEnd = signalsEnd
            $0.sendsMore = sendsMore
        }
        try await withFlash(eva) { flash in
            #expect(flash.survey.partitions.map(\.index) == [1, 2, 3, 4])
            #expect(flash.survey.board.bootloader == "AVM EVA Version 1.1964 0x0 0x740D")
            for index in 1...4 {
                let chunk = try await chunk(flash, index)
                #expect(chunk.bytes == Self.bytes(index) && chunk.findings.isEmpty)
            }
            let changes = try await flash.layoutChanges()
            #expect(changes.isEmpty)
        }
    }

    @Test("P@SW is used where PASV is not known")
    func passive() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.hasPassive = false }
        let bytes = try await withFlash(eva) { flash in try await chunk(flash, 2).bytes }
        #expect(bytes == Self.bytes(2))
        #expect(eva.commands.contains("P@SW"))
    }

    @Test("CHECK is the CRC-32 of the whole partition, and of nothing less")
    func checksum() async throws {
        try await withFlash(try SimulatedEVA(SimulatedEVA.box())) { flash in
            let partition = try #require(flash.survey.partition(1))
            #expect(flash.reader.checksumAlgorithms == [.crc32] && flash.reader.checksumsWholePartitions)
            let sum = try await flash.reader.checksum(.crc32, of: partition, ranges: [0..<partition.size])
            #expect(sum == StreamingChecksum.digest(of: Self.bytes(1), .crc32))
            for ranges in [[0..<1], [], [1..<partition.size]] {
                let error = await #expect(throws: FlashkeepError.self) {
                    _ = try await flash.reader.checksum(.crc32, of: partition, ranges: ranges)
                }
                #expect(error?.code == .toolMissing)
            }
        }
        try await withFlash(try SimulatedEVA(SimulatedEVA.box()) { $0.checks = false }) { flash in
            #expect(flash.reader.checksumAlgorithms.isEmpty)
        }
    }

    @Test("What the loader refuses is unread, with its words, and is not asked for twice")
    func refused() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.sends = false }
        try await withFlash(eva) { flash in
            for _ in 0..<2 {
                let chunk = try await chunk(flash, 1)
                #expect(chunk.bytes.allSatisfy { $0 == 0xFF })
                #expect(chunk.findings.map(\.range) == [0..<13 * Self.block])
                #expect(chunk.findings.first?.state == .unread)
                #expect(chunk.findings.first?.detail?.contains("553 RETR failed.") == true)
            }
        }
        #expect(eva.commands.count { $0 == "RETR mtd1" } == 1)
    }

    @Test("A transfer that breaks is repeated; no byte comes twice")
    func cutOnce() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.cut = (at: 5_000, times: 1) }
        try await withFlash(eva) { flash in
            let partition = try #require(flash.survey.partition(1))
            var came: [Range<Int>] = []
            var bytes = [UInt8](repeating: 0, count: partition.size)
            try await flash.reader.read(partition, ranges: [100..<9_000, 10_000..<partition.size]) { chunk in
                came.append(chunk.range)
                bytes.replaceSubrange(chunk.range, with: chunk.bytes)
                #expect(chunk.findings.isEmpty)
            }
            #expect(came.total == partition.size - 1_100 && PartitionMap.merged(came).total == came.total)
            #expect(bytes[100..<9_000] == Self.bytes(1)[100..<9_000] && bytes[10_000...] == Self.bytes(1)[10_000...])
        }
    }

    @Test("What ends at one place twice is unread from there on")
    func cutTwice() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.cut = (at: 5_000, times: .max) }
        try await withFlash(eva) { flash in
            let chunk = try await chunk(flash, 1)
            #expect(Array(chunk.bytes.prefix(5_000)) == Array(Self.bytes(1).prefix(5_000)))
            #expect(chunk.findings.map(\.range) == [5_000..<13 * Self.block])
            #expect(chunk.findings.first?.detail?.contains("426 Data connection closed at 0x00001388") == true)
        }
    }

    @Test("A transfer that stalls ends")
    func stall() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.stallAt = 3_000 }
        try await withFlash(eva, { $0.silence = .milliseconds(300) }) { flash in
            let chunk = try await chunk(flash, 1)
            #expect(chunk.findings.map(\.range) == [3_000..<13 * Self.block])
            #expect(chunk.findings.first?.detail?.contains("no more bytes came") == true)
        }
    }

    @Test("A board that is gone in the middle is lost")
    func gone() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.dropAt = 2_000 }
        try await withFlash(eva) { flash in
            let partition = try #require(flash.survey.partition(1))
            let error = await #expect(throws: FlashkeepError.self) {
                try await flash.reader.read(partition, ranges: [0..<partition.size]) { _ in }
            }
            #expect(error?.code == .boardLost)
        }
    }

    // MARK: The window

    @Test("A board that is switched on later is found, and the user is asked once")
    func late() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.firstConnection = 5 }
        defer { eva.stop() }
        let told = Notices()
        let survey = try await eva.connector(notify: told.handler).withBoard(transcript: TranscriptLog()) { board in
            try await board.survey().survey
        }
        #expect(survey.partitions.count == 4)
        #expect(told.requests.count == 1 && told.requests[0].contains("Switch the board off and on"))
    }

    @Test("A board that is never switched on is silent")
    func never() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.firstConnection = .max }
        defer { eva.stop() }
        let error = await #expect(throws: FlashkeepError.self) {
            try await eva.connector { $0.window = .milliseconds(200) }.withBoard(transcript: TranscriptLog()) { _ in }
        }
        #expect(error?.code == .boardSilent && error?.next.contains("192.168.178.2") == true)
    }

    @Test("The FTP server of a running system is not taken for the loader")
    func system() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.greeting = "220 FRITZ!Box7170 FTP server ready." }
        defer { eva.stop() }
        let error = await #expect(throws: FlashkeepError.self) {
            try await eva.connector { $0.window = .milliseconds(200) }.withBoard(transcript: TranscriptLog()) { _ in }
        }
        #expect(error?.code == .boardSilent && error?.why.contains("FRITZ!Box7170") == true)
        #expect(eva.commands.isEmpty)
    }

    @Test("A window that closes after the survey loses the board")
    func closes() async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.connections = 1 }
        try await withFlash(eva, { $0.session = .milliseconds(200) }) { flash in
            let error = await #expect(throws: FlashkeepError.self) { _ = try await chunk(flash, 2) }
            #expect(error?.code == .boardLost)
        }
    }

    @Test("Replies without end, and none at all, end the session", arguments: [true, false])
    func hostile(_ isEndless: Bool) async throws {
        let eva = try SimulatedEVA(SimulatedEVA.box()) {
            $0.isEndless = isEndless
            $0.isMute = !isEndless
        }
        defer { eva.stop() }
        let error = await #expect(throws: FlashkeepError.self) {
            try await eva.connector { $0.reply = .milliseconds(300) }.withBoard(transcript: TranscriptLog()) { _ in }
        }
        #expect(error?.code == (isEndless ? .replyNotUnderstood : .boardSilent))
    }
}
