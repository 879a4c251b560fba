import FlashAccess
import FlashModel

/// Loads the bytes of an erase block into unused RAM, and verifies them with the board's `cksum`.
final class RedBootMemoryLoader {
    private typealias Chain = MethodChain<RedBootLoadMethod>

    private let session: RedBootSession
    private let facts: RedBootFacts
    /// The loads of all methods that this connection may use.
    private let loads: [RedBootLoadMethod: any RedBootLoad]
    private let chain: Chain

    /// - Parameters:
    ///   - network: the board's; nil if there is only the console.
    ///   - notify: receives messages for the user.
    init(
        _ session: RedBootSession, _ facts: RedBootFacts, network: BoardAddressing?,
        givenUp: GivenUp<RedBootLoadMethod>,
        notify: @escaping (String) -> Void
    ) {
        self.session = session
        self.facts = facts
        var loads: [RedBootLoadMethod: any RedBootLoad] = [:]
        if facts.help.map({ $0.has("load") }) == true {
            // Its telnet port takes bytes 0xFF for its own.
            if session.hasEcho != false { loads[.ymodem] = RedBootYMODEMLoad(session: session, facts: facts) }
            if let network { loads[.tftp] = RedBootTFTPLoad(session, facts, network) }
        }
        self.loads = loads
        chain = Chain(RedBootLoadMethod.allCases.filter { loads[$0] != nil }, isGivenUp: givenUp.contains) { failure in
            // The console is the last method; a bad line may get better.
            guard failure.method == .tftp else { throw failure.error }
            givenUp.insert(failure.method)
            notify("sending data to the board over its console: \(failure.error.why)")
        }
    }

    /// The reason why bytes cannot be loaded on this board; nil if they can.
    var refusal: WriteRefusal? {
        guard facts.hasChecksum else {
            return .otherwise("this RedBoot has no cksum: data in its RAM could not be verified before flash is erased")
        }
        guard !chain.left.isEmpty else {
            return .otherwise(
                session.hasEcho == false
                    ? "its telnet port passes no flash data, and TFTP is not possible"
                    : "this RedBoot has no load command")
        }
        do {
            _ = try facts.freeMemory(1)
            return nil
        } catch {
            return .otherwise(error.why)
        }
    }

    /// The mode that is tried first.
    var firstMode: String? { chain.left.first.flatMap { loads[$0]?.mode } }

    /// Loads bytes into RAM.
    ///
    /// - Returns: the address.
    /// - Throws: `commandFailed` if they never arrive intact; ``RedBootSession/Interruption``.
    func put(_ bytes: [UInt8]) async throws -> UInt64 {
        let memory = try facts.freeMemory(bytes.count).lowerBound
        if try await fill(bytes, at: memory) { return memory }
        let sum = POSIXChecksum.sum(of: bytes)
        let isThere = try await chain.attempt { method -> Bool in
            guard let load = loads[method] else { return false }
            let result = try await TransferAttempt.repeated(countRetry: { session.countRetries(1) }) {
                () async throws -> TransferAttempt<Void> in
                let attempt = try await load.load(bytes, to: memory)
                guard case .done = attempt else { return attempt }
                guard try await session.checksum(at: memory, count: bytes.count) == sum else {
                    return .failed(load.failure("the data arrived with a wrong checksum"))
                }
                return .done(())
            }
            if case .failure(let error) = result { throw Chain.Failure(method: method, error: error) }
            return true
        }
        guard isThere == true else {
            throw FlashkeepError(
                .commandFailed, what: "Data does not reach the board's RAM intact.",
                why: chain.failures.last?.error.why ?? "No method is left to load it.",
                next: "This block was not erased. Use a better line, or restore through Linux.")
        }
        return memory
    }

    /// Fills RAM if all bytes are the same; false if they are not, or if it did not work.
    private func fill(_ bytes: [UInt8], at memory: UInt64) async throws -> Bool {
        guard let first = bytes.first, bytes.allSatisfy({ $0 == first }),
            facts.help.map({ $0.has("mfill") }) == true
        else { return false }
        let command = try session.commands.fill(
            at: memory, count: UInt64(bytes.count), value: first, flash: facts.mappedFlash)
        _ = try await session.ask(command, silence: .seconds(20))
        session.examples.note(command)
        return try await session.checksum(at: memory, count: bytes.count) == POSIXChecksum.sum(of: bytes)
    }
}

extension WriteRefusal {
    /// The refusal of something that RedBoot cannot do.
    static func otherwise(_ why: String) -> WriteRefusal {
        WriteRefusal(why: why, next: "restore through its Linux, or with a programmer")
    }
}
