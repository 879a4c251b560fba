import BoardChannels
import BoardConsoles
import FlashModel
import Synchronization
import TestBoards
import TestSupport

@testable import RedBootFlash

/// Sessions with a simulated RedBoot.
enum SimulatedRedBootSessions {
    /// An identifier that switches the board on when that is requested.
    static func identifier(_ board: SimulatedRedBoot) -> ConsoleIdentifier {
        let random = Mutex(SplitMix64(state: 5))
        return ConsoleIdentifier.ofAll(
            nonce: {
                random.withLock { random in
                    String(
                        (0..<16).map { _ in "abcdefghijkmnpqrstuvwxyz23456789".randomElement(using: &random) ?? "x" })
                }
            }, timing: .simulated,
            notify: { if case .needsPower = $0 { board.powerOn() } })
    }

    /// Runs the body with a session.
    static func with<Result: Sendable>(
        _ board: SimulatedRedBoot, over opener: (any ChannelOpening)? = nil,
        _ body: (RedBootSession) async throws -> Result
    ) async throws -> Result {
        let identifier = identifier(board)
        return try await (opener ?? board).withChannel { channel in
            try await body(
                RedBootSession(Console(channel), prompt: Array("RedBoot> ".utf8), identifier: identifier))
        }
    }

    /// A chip of these bytes.
    static func hardware(_ bytes: [UInt8], block: Int = 0x1_0000) -> SimulatedHardware {
        var flash = SimulatedHardware.Flash("flash0", kind: .nor, blocks: 0, blockSize: block)
        flash.bytes = bytes
        flash.chip.size = .exact(bytes.count)
        return SimulatedHardware(
            identity: BoardIdentity(), chips: [flash], devices: [])
    }

    /// The board of the recordings: 4 MiB, with the known content.
    static func recorded(_ change: (inout RedBootScenario) -> Void = { _ in }) -> SimulatedRedBoot {
        var bytes = [UInt8](repeating: 0xFF, count: 4 << 20)
        bytes.replaceSubrange(0x10_0000..<0x12_0000, with: RedBootRecording.content)
        var scenario = RedBootScenario(hardware(bytes))
        change(&scenario)
        return SimulatedRedBoot(scenario)
    }
}
