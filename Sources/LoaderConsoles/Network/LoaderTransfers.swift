import FlashAccess
package import FlashModel

/// Chooses how a bootloader sends its flash: over the network, if it can, and otherwise printed on the console. A network
/// that fails is given up for the whole operation, with one note to the user.
package final class LoaderTransfers {
    private typealias Chain = MethodChain<LoaderReadMethod>

    package let settings: LoaderNetworkSettings?
    private let chain: Chain
    /// The methods that delivered bytes, in order of first use.
    package private(set) var used: [LoaderReadMethod] = []

    /// The restarts of the board during transfers, over all connections, after which the network is given up: a chip or a
    /// driver may be what resets it.
    private static let mostResets = 2

    /// - Parameter settings: nil if there is only the console.
    package init(_ settings: LoaderNetworkSettings?) {
        self.settings = settings
        guard let settings else {
            chain = Chain([.line], isGivenUp: { _ in false }, giveUp: { throw $0.error })
            return
        }
        chain = Chain(
            settings.via.map { [$0] } ?? LoaderReadMethod.allCases, isGivenUp: settings.givenUp.contains,
            giveUp: { failure in
                guard settings.via == nil else { throw failure.error }
                settings.givenUp.insert(failure.method)
            })
    }

    /// Whether the network may be used, as far as the user's settings and earlier failures say.
    package var mayUseNetwork: Bool { chain.left.contains(.tftp) }

    /// Whether flash may be printed, as far as the user's settings say.
    package var mayPrint: Bool { settings?.via != .tftp }

    /// Refuses to go on if the user allows only the network, and the board cannot use it.
    ///
    /// - Parameters:
    ///   - loader: `CFE`.
    ///   - why: a sentence.
    /// - Throws: `toolMissing`.
    package func checkAbsence(of loader: String, why: String) throws(FlashkeepError) {
        guard settings?.via == .tftp else { return }
        throw FlashkeepError(
            .toolMissing, what: "This \(loader) cannot send all of its flash by TFTP.", why: why,
            next: "Omit --via: the best available method is then used.")
    }

    /// Runs the body if the network may be used.
    ///
    /// - Returns: nil if flash must be printed.
    /// - Throws: the method's error if the user allows only that one; ``FlashAccess/BoardInterruption``, and errors of the
    ///   body.
    package func uploading<Result>(_ body: () async throws -> Result) async throws -> Result? {
        let result = try await chain.attempt { method -> Result? in
            guard method == .tftp else {
                tell()
                return nil
            }
            do {
                return try await body()
            } catch let error as FlashkeepError where error.isUnusableNetwork {
                throw Chain.Failure(method: .tftp, error: error)
            } catch let interruption as BoardInterruption {
                try noteReset(interruption)
                throw interruption
            }
        }
        // No method is left, or the one that is left prints.
        return result ?? nil
    }

    /// Gives the network up if transfers over it keep resetting the board.
    private func noteReset(_ interruption: BoardInterruption) throws {
        guard let settings, settings.history.countReset() >= Self.mostResets else { return }
        try chain.fail(
            Chain.Failure(
                method: .tftp,
                error: FlashkeepError(
                    .boardLost, what: "The board was reset during transfers over the network.",
                    why: "It printed: \(PrintableText.escaped(interruption.why, limit: 120))",
                    next: "Omit --via, so that flash is read over the console.")))
    }

    /// Records that a method delivered bytes.
    func noteUse(_ method: LoaderReadMethod) {
        if !used.contains(method) { used.append(method) }
    }

    /// Tells the user something, once for all connections.
    package func note(_ text: String) {
        guard let settings, settings.history.isNew(text) else { return }
        settings.notify(text)
    }

    /// Reports, in one note, why the network is not used.
    private func tell() {
        guard let reasons = chain.takeReasons() else { return }
        settings?.notify("reading flash over the console: " + reasons)
    }
}
