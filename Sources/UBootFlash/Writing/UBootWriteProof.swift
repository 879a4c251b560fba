import FlashAccess
import FlashModel

/// Proves, without touching flash, that the commands of a method are the expected ones, by their help; and that `cp.b`,
/// which writes parallel flash, copies correctly from flash to RAM.
final class UBootWriteProof {
    /// The number of bytes to copy.
    private static let count = 512
    private static let attempts = 3

    private let session: UBootSession
    private let facts: UBootFacts

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// The reason why a method must not be used; nil if none is known. A clause about U-Boot.
    ///
    /// - Throws: ``UBootSession/Interruption``, and errors of the line.
    func complaint(about method: any UBootWriteMethod) async throws -> String? {
        for sign in method.signs {
            let question = try session.commands.help(sign.command)
            var why: String?
            // The reply may have been damaged in transit.
            for _ in 0..<Self.attempts {
                why = sign.complaint(about: try await session.ask(question))
                if why == nil { break }
            }
            if let why { return why }
        }
        guard let flash = method.copied else { return nil }
        return try await complaint(aboutCopyFrom: flash)
    }

    /// Copies a part of the flash that differs from the RAM, and checks whether it arrived.
    private func complaint(aboutCopyFrom flash: Range<UInt64>) async throws -> String? {
        // More room than needed, so that a copy that goes too far does no harm.
        let memory = try facts.freeMemory(4 * Self.count).lowerBound
        let size = UInt64(Self.count)
        let step = Int(clamping: max(size, UInt64(flash.count) / 16))
        let parts = stride(from: flash.lowerBound, to: flash.upperBound, by: step)
        for source in parts where source.plus(Self.count).map({ $0 <= flash.upperBound }) ?? false {
            let wanted = try await sum(at: source, Self.count)
            guard try await sum(at: memory, Self.count) != wanted, let behind = memory.plus(Self.count) else {
                continue
            }
            let rest = try await sum(at: behind, Self.count)
            _ = try await session.ask(
                try session.commands.copy(
                    .byte, from: source, to: memory, count: size, flash: facts.mappedFlash))
            guard try await sum(at: memory, Self.count) == wanted, try await sum(at: behind, Self.count) == rest else {
                return "its cp.b did not correctly copy from flash to RAM"
            }
            return nil
        }
        return "its cp.b cannot be tested: the flash has the same contents as the RAM"
    }

    private func sum(at address: UInt64, _ count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count)
    }
}
