package import BoardChannels
package import FlashAccess
package import FlashModel
import Synchronization
import TestSupport

/// Connects to a simulated board within this process.
///
/// Every call to a connected board, and every chunk that it delivers, is numbered across all connections; a test may
/// make any of them fail.
package final class SimulatedConnector: BoardConnector {
    package let address = "simulated:"

    private struct State {
        var hardware: SimulatedHardware
        var calls = 0
        var connections = 0
        var chunks: [Int: Int] = [:]
    }

    private let state: Mutex<State>
    private let onReach: @Sendable (Int, inout SimulatedHardware) throws -> Void
    private let onCall: @Sendable (Int, inout SimulatedHardware) throws -> Void

    /// - Parameters:
    ///   - onReach: called with the number of each connection, from 1.
    ///   - onCall: called with the number of each call, from 0, before it and again after each chunk; an error thrown
    ///     by it ends the connection.
    package init(
        _ hardware: SimulatedHardware,
        onReach: @escaping @Sendable (Int, inout SimulatedHardware) throws -> Void = { _, _ in },
        onCall: @escaping @Sendable (Int, inout SimulatedHardware) throws -> Void = { _, _ in }
    ) {
        state = Mutex(State(hardware: hardware))
        self.onReach = onReach
        self.onCall = onCall
    }

    package var hardware: SimulatedHardware { state.withLock { $0.hardware } }
    package var calls: Int { state.withLock { $0.calls } }
    package var connections: Int { state.withLock { $0.connections } }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try state.withLock { state in
            state.connections += 1
            try onReach(state.connections, &state.hardware)
        }
        return try await body(SimulatedBoard(self))
    }

    func call<Result>(_ body: (inout SimulatedHardware) throws -> Result) throws -> Result {
        try state.withLock { state in
            defer { state.calls += 1 }
            try onCall(state.calls, &state.hardware)
            return try body(&state.hardware)
        }
    }

    /// The same without a number: no fault occurs.
    func quietly<Result>(_ body: (inout SimulatedHardware) throws -> Result) throws -> Result {
        try state.withLock { try body(&$0.hardware) }
    }

    /// Reads another chunk of a device.
    fileprivate func chunk(
        _ range: Range<Int>, of partition: Partition
    ) throws -> (bytes: [UInt8], findings: [BlockFinding]) {
        try call { hardware in
            let device = try Self.device(partition, hardware)
            if let left = hardware.vanishing[partition.index] {
                guard left > 0 else { throw Self.vanished(partition) }
                hardware.vanishing[partition.index] = left - 1
            }
            return try hardware.read(range, of: device)
        }
    }

    static func device(
        _ partition: Partition, _ hardware: SimulatedHardware
    ) throws -> SimulatedHardware.Device {
        guard let device = hardware.device(partition.index) else { throw vanished(partition) }
        guard device.partition == partition else { throw Refusal.error("mtd\(partition.index) is not that partition") }
        return device
    }

    private static func vanished(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(.partitionVanished, what: "mtd\(partition.index) vanished.", why: "Made so.", next: "Look on.")
    }

    /// The error for a board that is gone.
    package static var lost: FlashkeepError {
        FlashkeepError(.boardLost, what: "The board is gone.", why: "Made so.", next: "Run it again.")
    }
}

/// A connection to a simulated board. It rejects requests that must never be made of a real board: bad blocks, bytes
/// beyond the end, ranges out of order, and anything after the connection broke. It imitates no program: it keeps to
/// the protocols of `FlashAccess`.
package final class SimulatedBoard: FlashBoard, FlashReading, FlashChecksumming {
    let connector: SimulatedConnector
    private var isBroken = false

    fileprivate init(_ connector: SimulatedConnector) {
        self.connector = connector
    }

    package let accessMethod = "simulation"
    package var retries: Int { 0 }
    package var readsOOB: Bool { connector.hardware.readsOOB }
    package var checksumAlgorithms: [ChecksumAlgorithm] { connector.hardware.algorithms }
    package var checksumsWholePartitions: Bool { connector.hardware.checksumsWholePartitions }

    func step<Result>(_ body: () throws -> Result) throws -> Result {
        if isBroken { throw Refusal.error("the connection broke and is used all the same") }
        do {
            return try body()
        } catch {
            isBroken = (error as? FlashkeepError)?.code != .partitionVanished
            throw error
        }
    }

    package func survey() async throws -> SurveyedFlash {
        let survey = try step { try connector.call { $0.survey } }
        return SurveyedFlash(
            survey: survey, evidence: [Evidence(name: "made-up.txt", bytes: Array("made up\n".utf8))], reader: self,
            writer: connector.hardware.isWritable ? self : nil, layout: Watch(board: self, survey: survey),
            transfer: Description(), hints: .simulated)
    }

    private struct Watch: LayoutWatching {
        let board: SimulatedBoard
        let survey: Survey

        func changes() async throws -> [LayoutChange] {
            // Its vanished devices are still listed.
            LayoutChange.between(survey, try board.step { try board.connector.call { $0.survey } })
        }
    }

    private struct Description: TransferDescribing {
        let transferName = "simulated"
        let usualRate: Int? = nil
        let commands = ["look at it"]
    }

    package func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let block = try begin(partition, ranges)
        for range in ordered(ranges.flatMap { Self.cut($0, by: block) }) {
            let (bytes, findings) = try step { try connector.chunk(range, of: partition) }
            try await each(FlashChunk(offset: range.lowerBound, bytes: bytes, findings: findings))
            try step { try connector.call { _ in } }
        }
        try end(partition)
    }

    package func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let block = try begin(partition, ranges)
        guard readsOOB, partition.oobSize > 0 else { throw Refusal.error("there is no OOB") }
        let page = partition.pageSize
        let unit = page + partition.oobSize
        for range in ordered(ranges.flatMap { Self.cut($0, by: block) }) {
            guard range.lowerBound % page == 0, range.upperBound % page == 0 else { throw Refusal.error("half a page") }
            let (bytes, findings) = try step { try connector.chunk(range, of: partition) }
            var pages: [UInt8] = []
            let hardware = connector.hardware
            guard let chip = hardware.chips[partition.chip]?.chip, let start = hardware.device(partition.index)?.start
            else { throw Refusal.error("no chip") }
            for position in stride(from: 0, to: bytes.count, by: page) {
                pages += bytes[position..<position + page]
                pages += hardware.oob((start + range.lowerBound + position) / page, of: chip)
            }
            try await each(
                FlashChunk(
                    offset: range.lowerBound / page * unit, bytes: pages,
                    findings: findings.map {
                        BlockFinding(
                            offset: $0.offset / page * unit, size: $0.size / page * unit, state: $0.state,
                            detail: $0.detail)
                    }))
            try step { try connector.call { _ in } }
        }
        try end(partition)
    }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        _ = try begin(partition, ranges)
        guard checksumAlgorithms.contains(algorithm), canChecksum(partition, ranges) else {
            throw Refusal.error("no \(algorithm) of \(ranges)")
        }
        var checksum = StreamingChecksum(algorithm)
        for range in ranges where !range.isEmpty {
            checksum.update(try step { try connector.chunk(range, of: partition) }.bytes)
        }
        try end(partition)
        return checksum.finalize()
    }

    package func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    /// Checks a request, and returns the number of bytes in a chunk.
    private func begin(_ partition: Partition, _ ranges: [Range<Int>]) throws -> Int {
        var last = 0
        for range in ranges {
            guard range.lowerBound >= last, range.upperBound <= partition.size else {
                throw Refusal.error("\(ranges) are no ranges of mtd\(partition.index)")
            }
            last = range.upperBound
        }
        return try step {
            try connector.call { hardware in
                _ = try SimulatedConnector.device(partition, hardware)
                return hardware.chunkBlocks * partition.eraseBlockSize
            }
        }
    }

    private func end(_ partition: Partition) throws {
        try step {
            try connector.call { hardware in
                if let device = hardware.device(partition.index) { hardware.letItWrite(to: device) }
            }
        }
    }

    private func ordered(_ ranges: [Range<Int>]) -> [Range<Int>] {
        guard connector.hardware.isDisorderly else { return ranges }
        return stride(from: 0, to: ranges.count, by: 2).flatMap { ranges[$0..<min($0 + 2, ranges.count)].reversed() }
    }

    private static func cut(_ range: Range<Int>, by size: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, (start / size + 1) * size)
            parts.append(start..<end)
            start = end
        }
        return parts
    }
}

extension AccessHints {
    /// The limits of a simulated board.
    fileprivate static let simulated = AccessHints(
        noWriter: Limit(why: "it is made so", next: "make it otherwise"),
        noOOB: Limit(why: "It is made so.", next: "Make it otherwise."), unknownPages: "Make them known.",
        noFlash: "Give it some.", inUse: "free it", readOnly: Limit(why: "it is made so", next: "make it otherwise"),
        unknownBadBlocks: "make them known", betterTools: "make better ones", noSystem: "make one")
}
