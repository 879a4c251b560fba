package import BoardChannels
import FlashModel
import Synchronization
import TestSupport

/// Faults of a line. Rates are one in so many bytes; nil is never.
///
/// A fault drops a byte (PC16550D datasheet, overrun error), changes it (framing and parity error), or repeats it,
/// which has no evidence. The lab damages its lines like this too (`UBootLabTests`,
/// aLineThatDropsFlipsAndRepeatsCharacters).
package struct LineFaults: Sendable {
    /// In flash data from the board.
    package var bulkRate: Int?
    /// In all bytes from the board.
    package var replyRate: Int?
    /// In bytes to the board (`malta-typeahead`).
    package var commandRate: Int?
    /// The kernel prints a message after every so many bytes from the board (`BackupLabTests`,
    /// aLoginOnASerialLineFullOfKernelMessages; the text: Linux `net/bridge/br_stp.c`, br_set_state).
    package var kernelLineEvery: Int?
    /// The connection breaks after so many bytes from the board, once for each number (`TroubleLabTests`,
    /// aBoardThatDiesInTheMiddleLeavesAResumableBackup).
    package var cutsAfter: [Int] = []
    /// Nothing more arrives after so many bytes from the board, once for each number (`arm-mtd-hang-past-end`).
    package var silencesAfter: [Int] = []
    /// The maximum number of bytes per read: TCP keeps no boundaries of messages (RFC 9293, section 2.2).
    package var pieceSize: Int?

    package init() {}
}

/// Opens a channel to a board over a faulty line; the same seed gives the same damage to the same bytes.
package final class FaultyOpener: ChannelOpening {
    private let below: any ChannelOpening
    private let faults: LineFaults
    fileprivate let state: Mutex<State>

    fileprivate struct State {
        var random: SplitMix64
        var cuts: [Int]
        var silences: [Int]
        var damaged = 0
        var connections = 0
        /// Bytes from the board, over all connections.
        var received = 0
        /// Bytes to the board, before they are damaged.
        var sent: [UInt8] = []
    }

    package init(_ below: any ChannelOpening, _ faults: LineFaults, seed: UInt64) {
        self.below = below
        self.faults = faults
        state = Mutex(State(random: SplitMix64(state: seed), cuts: faults.cutsAfter, silences: faults.silencesAfter))
    }

    package var traits: ChannelTraits { below.traits }

    /// The number of bytes damaged so far.
    package var damaged: Int { state.withLock { $0.damaged } }
    package var connections: Int { state.withLock { $0.connections } }
    /// Everything sent to the board.
    package var sent: String { String(decoding: state.withLock { $0.sent }, as: UTF8.self) }
    package var received: Int { state.withLock { $0.received } }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        state.withLock { $0.connections += 1 }
        return try await below.withChannel { channel in
            try await body(FaultyChannel(channel, faults, self))
        }
    }
}

/// A connection over such a line.
private final class FaultyChannel: BoardChannel {
    private struct State {
        var isBulk = false
        /// Bytes from the board in this connection.
        var received = 0
        var sinceKernelLine = 0
        var isCut = false
        var isSilent = false
        var waiting: [UInt8] = []
    }

    private let below: any BoardChannel
    private let faults: LineFaults
    private let opener: FaultyOpener
    private let state = Mutex(State())

    init(_ below: any BoardChannel, _ faults: LineFaults, _ opener: FaultyOpener) {
        self.below = below
        self.faults = faults
        self.opener = opener
    }

    var traits: ChannelTraits { below.traits }
    var time: Duration { below.time }
    var enterKey: String { below.enterKey }

    func markBulk(_ isBulk: Bool) {
        state.withLock { $0.isBulk = isBulk }
        below.markBulk(isBulk)
    }

    func read(timeout: Duration?) async throws -> ChannelRead {
        if let ready = takeWaiting() { return .bytes(ready) }
        while true {
            let (isCut, isSilent) = state.withLock { ($0.isCut, $0.isSilent) }
            if isCut { return .closed }
            if isSilent {
                try await Task.sleep(for: timeout ?? .seconds(60))
                return .timedOut
            }
            let read = try await below.read(timeout: timeout)
            guard case .bytes(let bytes) = read else { return read }
            take(bytes)
            if let ready = takeWaiting() { return .bytes(ready) }
        }
    }

    func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        if state.withLock({ $0.isCut }) {
            throw FlashkeepError(.boardLost, what: "The line is cut.", why: "Made so.", next: "Go on.")
        }
        let damaged = opener.state.withLock { state in
            state.sent += bytes
            return Self.damage(bytes, faults.commandRate, &state)
        }
        if !damaged.isEmpty { try await below.write(damaged, isSecret: isSecret) }
    }

    private func takeWaiting() -> [UInt8]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return nil }
            let piece = Array(state.waiting.prefix(faults.pieceSize ?? Int.max))
            state.waiting.removeFirst(piece.count)
            return piece
        }
    }

    private func take(_ bytes: [UInt8]) {
        state.withLock { state in
            opener.state.withLock { shared in
                var rest = bytes[...]
                while let byte = rest.popFirst() {
                    state.received += 1
                    shared.received += 1
                    if let place = shared.cuts.firstIndex(where: { $0 <= state.received }) {
                        shared.cuts.remove(at: place)
                        state.isCut = true
                        return
                    }
                    if let place = shared.silences.firstIndex(where: { $0 <= state.received }) {
                        shared.silences.remove(at: place)
                        state.isSilent = true
                        return
                    }
                    let bulkRate = state.isBulk ? faults.bulkRate : nil
                    if Self.isHit(faults.replyRate, &shared) {
                        state.waiting += Self.damage(Self.damaged(byte, &shared), bulkRate, &shared)
                    } else if Self.isHit(bulkRate, &shared) {
                        state.waiting += Self.damaged(byte, &shared)
                    } else {
                        state.waiting.append(byte)
                    }
                    state.sinceKernelLine += 1
                    if let every = faults.kernelLineEvery, state.sinceKernelLine >= every {
                        state.sinceKernelLine = 0
                        state.waiting += Array(
                            "\r\n[  123.456789] br-lan: port 1(eth0) entered forwarding state\r\n".utf8)
                    }
                }
            }
        }
    }

    /// Drops, flips, replaces or repeats some of the bytes.
    private static func damage(_ bytes: [UInt8], _ rate: Int?, _ state: inout FaultyOpener.State) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            if isHit(rate, &state) { result += damaged(byte, &state) } else { result.append(byte) }
        }
        return result
    }

    private static func isHit(_ rate: Int?, _ state: inout FaultyOpener.State) -> Bool {
        guard let rate else { return false }
        return Int.random(in: 0..<rate, using: &state.random) == 0
    }

    /// The replacement for a byte.
    private static func damaged(_ byte: UInt8, _ state: inout FaultyOpener.State) -> [UInt8] {
        state.damaged += 1
        switch Int.random(in: 0..<4, using: &state.random) {
        case 0: return []
        case 1: return [byte, byte]
        case 2: return [byte ^ (1 << UInt8.random(in: 0..<8, using: &state.random))]
        default: return [UInt8.random(in: 0...255, using: &state.random)]
        }
    }
}
