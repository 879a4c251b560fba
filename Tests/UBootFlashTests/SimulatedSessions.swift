import BoardChannels
import BoardConsoles
import FlashModel
import ImageFormats
import Synchronization
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Sessions with a simulated U-Boot at its prompt.
enum SimulatedSessions {
    /// Runs the body with a session, and powers the board on when requested.
    static func with<Result: Sendable>(
        _ board: SimulatedUBoot, over opener: (any ChannelOpening)? = nil, prompt: String = "=> ",
        timing: ConsoleTiming = .simulated, power: @escaping @Sendable (SimulatedUBoot) -> Void = { $0.powerOn() },
        _ body: (UBootSession) async throws -> Result
    ) async throws -> Result {
        let random = Mutex(SplitMix64(state: 5))
        let arrival = ConsoleIdentifier.ofAll(
            nonce: {
                random.withLock { random in
                    String(
                        (0..<16).map { _ in "abcdefghijkmnpqrstuvwxyz23456789".randomElement(using: &random) ?? "x" })
                }
            }, timing: timing,
            notify: { if case .needsPower = $0 { power(board) } })
        return try await (opener ?? board).withChannel { channel in
            try await body(UBootSession(Console(channel), prompt: Array(prompt.utf8), identifier: arrival))
        }
    }

    /// Parallel flash at 0xbf000000.
    static func nor(_ bytes: [UInt8], block: Int = 0x4000, _ change: (inout UBootScenario) -> Void = { _ in })
        -> SimulatedUBoot
    {
        var flash = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 0, blockSize: block)
        flash.bytes = bytes
        flash.chip.size = .exact(bytes.count)
        var scenario = UBootScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: []))
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.allow("flinfo")
        change(&scenario)
        return SimulatedUBoot(scenario)
    }

    /// Bytes like those of flash: code, text, blank areas.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] { SplitMix64.bytes(count, seed: seed) }
}
