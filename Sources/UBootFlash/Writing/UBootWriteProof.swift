import FlashModel

/// Shows, without touching flash, that the commands of a method are those that are meant: by their help; and that `cp.b`,
/// which writes parallel flash, copies what it is told to, from flash to RAM.
final class UBootWriteProof {
    /// Bytes that are copied.
    private static let count = 512
    private static let attempts = 3

    private let session: UBootSession
    private let facts: UBootFacts

    init(_ session: UBootSession, _ facts: UBootFacts) {
        self.session = session
        self.facts = facts
    }

    /// Why a method must not be used; nil where nothing speaks against it. A clause, of U-Boot.
    ///
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func complaint(about method: any UBootWriteMethod) async throws -> String? {
        for sign in method.signs {
            let question = try session.commands.help(sign.command)
            var why: String?
            // A reply that was damaged on its way is not the command's fault.
            for _ in 0..<Self.attempts {
                why = sign.complaint(about: try await session.ask(question))
                if why == nil { break }
            }
            if let why { return why }
        }
        guard let flash = method.copied else { return nil }
        return try await complaint(aboutCopyFrom: flash)
    }

    /// Copies a part of the flash that differs from what stands in RAM, and looks whether it arrived.
    private func complaint(aboutCopyFrom flash: Range<UInt64>) async throws -> String? {
        // Twice the room: what is copied too far must not hit anything either.
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
                    .byte, from: source, to: memory, count: size, flash: facts.flash?.banks.compactMap(\.range) ?? []))
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
