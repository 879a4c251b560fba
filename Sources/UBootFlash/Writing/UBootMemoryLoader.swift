import FlashAccess
import FlashModel

/// Loads the bytes of an erase block into unused RAM, and verifies them with the board's CRC-32.
final class UBootMemoryLoader {
    private typealias Chain = MethodChain<UBootLoadMethod>

    private let session: UBootSession
    private let facts: UBootFacts
    /// The loads of all methods that this connection may use, whether the board has their commands or not.
    private let loads: [UBootLoadMethod: any UBootLoad]
    private let chain: Chain
    /// Whether ``UBootSession/disableAutostart(_:)`` has run.
    private var isQuiet = PerBoot<Bool>()

    /// - Parameter network: the board's; nil if there is only the serial line.
    init(_ session: UBootSession, _ facts: UBootFacts, network: UBootNetwork?) {
        self.session = session
        self.facts = facts
        let loads: [UBootLoadMethod: (any UBootLoad)?] = [
            .tftp: TFTPLoad(session: session, facts: facts, network: network),
            .ymodem: YMODEMLoad(session: session),
            .memoryFill: MemoryFillLoad(session: session, facts: facts),
        ]
        self.loads = loads.compactMapValues { $0 }
        let givenUp = network?.settings.givenUp ?? GivenUpMethods()
        let offered = UBootLoadMethod.allCases.filter { method in
            loads[method].flatMap { $0 }.map { facts.help?.has($0.command) ?? false } ?? false
        }
        chain = Chain(offered, isGivenUp: givenUp.contains) { failure in
            givenUp.insert(failure.method)
            guard failure.method == .tftp else { return }
            network?.settings.notify("sending data to the board over the serial line: \(failure.error.why)")
        }
    }

    /// The reason why bytes cannot be loaded on this board; nil if they can.
    var refusal: WriteRefusal? {
        guard facts.hasChecksum else {
            return .throughLinux(
                "this U-Boot has no crc32: data in its RAM could not be verified before flash is erased")
        }
        guard !chain.left.isEmpty else {
            let commands = UBootLoadMethod.allCases.compactMap { loads[$0]?.command }
            return .throughLinux(
                "this U-Boot has none of \(commands.joined(separator: ", ")) to load bytes into its RAM")
        }
        do {
            _ = try facts.freeMemory(1)
            return nil
        } catch {
            return .throughLinux(error.why)
        }
    }

    /// The method that is tried first.
    var first: (any UBootLoad)? { chain.left.first.flatMap { loads[$0] } }

    /// Loads bytes into RAM.
    ///
    /// - Parameter area: addresses reserved for something else.
    /// - Returns: the address.
    /// - Throws: `commandFailed` if they never arrive intact; ``UBootSession/Interruption``.
    func put(_ bytes: [UInt8], outside area: Range<UInt64>?) async throws -> UInt64 {
        let memory = try facts.freeMemory(bytes.count, outside: area).lowerBound
        let sum = CRC32.sum(of: bytes)
        if isQuiet[session] == nil {
            try await session.disableAutostart(facts.environment?.variables ?? [:])
            isQuiet[session] = true
        }
        let isThere = try await chain.attempt { method -> Bool in
            guard let load = loads[method] else { return false }
            let result = try await TransferAttempt.repeated(countRetry: { session.countRetries(1) }) {
                () async throws -> TransferAttempt<Void> in
                let attempt = try await load.load(bytes, to: memory)
                guard case .done = attempt else { return attempt }
                guard try await session.checksum(at: memory, count: bytes.count) == sum else {
                    return .failed(load.failure("the data arrived with a wrong CRC-32"))
                }
                return .done(())
            }
            if case .failure(let error) = result { throw Chain.Failure(method: method, error: error) }
            return true
        }
        guard isThere ?? false else {
            throw FlashkeepError(
                .commandFailed, what: "Data does not reach the board's RAM intact.",
                why: chain.failures.last?.error.why ?? "No method is left to load it.",
                next: "This block was not erased. Use a better line, or restore through Linux (--image).")
        }
        return memory
    }
}
