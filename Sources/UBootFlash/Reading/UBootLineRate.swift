private import BoardChannels
private import BoardConsoles
import FlashAccess
private import FlashModel

/// Switches U-Boot's console and the line to a faster rate while it works, and back.
///
/// A rate is proven before it is used: memory that does not change is dumped several times. It must match the checksum
/// that the board computed at its own rate, and almost no line may need repetition.
package final class UBootLineRate {
    /// The rate that is wanted.
    package enum Wish: Sendable, Hashable {
        /// A rate in bits per second.
        case rate(Int)
        /// The highest of the usual rates that works.
        case highest

        /// The rates to try, best first.
        func candidates(above own: Int) -> [Int] {
            switch self {
            case .rate(let rate): [rate]
            // Many adapters do not support faster rates, and a board that waits at one is lost until it is
            // power-cycled.
            case .highest: [921_600, 460_800, 230_400, 115_200].filter { $0 > own }
            }
        }
    }

    /// Memory with known content.
    private struct Proof {
        var address: UInt64
        var sum: UInt32
    }

    private let session: UBootSession
    private let wish: Wish
    private let notify: @Sendable (String) -> Void
    private let own: Int?
    private var proof = PerBoot<Proof>()
    private var help: UBootHelp?
    /// The rates that failed, which are not tried again.
    private var failed: Set<Int> = []
    /// The lines dumped at the faster rate since it was last judged, and how many of them were repeated.
    private var lines = (dumped: 0, repeated: 0)

    /// The bytes per dump that proves a rate.
    private static let proofSize = 2 << 10
    private static let proofDumps = 3
    /// One line in this many may need repetition.
    private static let tolerance = 20
    /// The number of lines after which a rate is judged again.
    private static let judged = 512

    /// - Parameter notify: called with messages for the user.
    package init(_ session: UBootSession, wish: Wish, notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.wish = wish
        self.notify = notify
        own = session.ownRate
    }

    private var rate: Int? { session.console.channel.lineRate }
    private var isRaised: Bool { own != nil && rate != own }

    // MARK: Raising

    /// Switches to the faster rate, if the board has it and it is proven; also used after a reset.
    ///
    /// - Throws: errors of the line. If the board was lost, it is back at its own rate.
    package func raise() async throws {
        guard let own else { return notify("the channel has no rate to change") }
        guard rate == own else { return }
        let candidates = wish.candidates(above: own).filter { $0 != own && !failed.contains($0) }
        guard !candidates.isEmpty else { return }
        do {
            guard let proof = try await learn() else {
                failed.formUnion(candidates)
                return notify("the line stays at \(own) baud: there is no memory to prove another rate with")
            }
            for candidate in candidates {
                if try await raise(to: candidate, from: own, proof) { return }
            }
        } catch let interruption as UBootSession.Interruption {
            failed.formUnion(candidates)
            notify("the line stays at \(own) baud: \(interruption.why)")
            try await session.getBackIn()
        }
    }

    private func raise(to candidate: Int, from own: Int, _ proof: Proof) async throws -> Bool {
        switch try await session.changeRate(to: candidate) {
        case .refused(let why):
            failed.insert(candidate)
            notify("the board does not switch to \(candidate) baud: \(PrintableText.escaped(why))")
            return false
        case .done: break
        }
        lines = (0, 0)
        if try await isProven(proof) {
            notify("the line is now at \(candidate) baud")
            return true
        }
        failed.insert(candidate)
        notify("the line goes back to \(own) baud: data received at \(candidate) was damaged")
        try await lower(to: own)
        return false
    }

    /// Finds memory that does not change, and its checksum from the board, or from two dumps if the board cannot
    /// compute one.
    private func learn() async throws -> Proof? {
        if let proof = proof[session] { return proof }
        // Commands that the board does not list are not sent.
        if help == nil { help = try await session.agreed(on: "help").flatMap(UBootHelp.init) }
        guard let help, help.has("bdinfo"), let reply = try await session.agreed(on: "bdinfo"),
            let board = UBootBoardInfo(reply)
        else { return nil }
        // U-Boot's own code is almost random; free RAM will also do.
        let free = (try? UBootLoadAddress(board)).flatMap {
            try? $0.choose(size: UInt64(Self.proofSize), hints: [])
        }
        guard let address = board.relocationAddress.flatMap({ $0 == 0 ? nil : $0 }) ?? free else { return nil }
        let size = UInt64(Self.proofSize)
        var sum: UInt32?
        for _ in 0..<session.timing.attempts where sum == nil && help.has("crc32") {
            let answer = try await session.say(
                try session.commands.crc32(at: address, count: size), pause: session.timing.settled,
                accepts: { UBootChecksum($0)?.covers(address, count: size) ?? false })
            guard answer.isWhole else { continue }
            guard let told = UBootChecksum(answer.reply), told.covers(address, count: size) else { break }
            sum = UInt32(told.digest.hex, radix: 16)
        }
        if sum == nil {
            var dump = UBootLineDump()
            sum = CRC32.sum(of: try await dump.bytes(at: address, count: Self.proofSize, votes: 2, session))
        }
        proof[session] = sum.map { Proof(address: address, sum: $0) }
        return proof[session]
    }

    private func isProven(_ proof: Proof) async throws -> Bool {
        var dump = UBootLineDump()
        for _ in 0..<Self.proofDumps {
            do {
                let bytes = try await dump.bytes(at: proof.address, count: Self.proofSize, session)
                guard CRC32.sum(of: bytes) == proof.sum else { return false }
            } catch let error as FlashkeepError
                where [.boardSilent, .noReplyInTime, .replyNotUnderstood].contains(error.code)
            {
                return false
            }
        }
        return dump.repeatedLines * Self.tolerance <= Self.proofSize / 16 * Self.proofDumps
    }

    // MARK: Lowering

    /// Counts dumped lines, and returns to the board's own rate if there are too many errors.
    func judge(dumped: Int, repeated: Int) async throws {
        guard isRaised, let own, let rate else { return }
        lines.dumped += dumped
        lines.repeated += repeated
        guard lines.dumped >= Self.judged || lines.repeated >= Self.judged / Self.tolerance else { return }
        let isBad = lines.repeated * Self.tolerance > max(lines.dumped, Self.judged / 2)
        lines = (0, 0)
        guard isBad else { return }
        failed.insert(rate)
        notify("the line goes back to \(own) baud: too many lines arrived damaged at \(rate)")
        try await lower(to: own)
    }

    private func lower(to own: Int) async throws {
        for _ in 0..<session.timing.attempts {
            if try await session.changeRate(to: own) == .done { return }
        }
        throw UBootSession.Interruption(why: "the board does not switch back to \(own) baud")
    }

    /// Returns the board to its own rate, for the next user of the line. Never throws, because the board may be gone.
    package func restore() async {
        guard isRaised, let own else { return }
        // In a separate task, so that it completes even if the user has cancelled everything.
        nonisolated(unsafe) let rate = self
        let isDone = await Task {
            do {
                try await unsafe rate.session.console.within(unsafe rate.session.timing.limits.farewell, "the end") {
                    try await unsafe rate.lower(to: own)
                }
                return true
            } catch {
                return false
            }
        }.value
        if !isDone {
            notify("the board may still be at another rate than \(own) baud: switch it off and on")
        }
    }
}
