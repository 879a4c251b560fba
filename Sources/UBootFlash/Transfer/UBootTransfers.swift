import FlashAccess
import FlashModel

/// Chooses the method by which U-Boot sends memory: the first of ``UBootReadMethod`` that the board has and that works.
/// One that fails is given up for the whole operation, with one note to the user; the serial line is the last.
final class UBootTransfers {
    private typealias Chain = MethodChain<UBootReadMethod>

    private let session: UBootSession
    private let facts: UBootFacts
    private let settings: UBootNetworkSettings?
    private let console: UBootNetworkConsole?
    private let uploads: [UBootReadMethod: UBootUpload]
    private let chain: Chain
    /// Whether the board has a method, for those that were checked.
    private var offered: [UBootReadMethod: Bool] = [:]
    /// The methods that delivered bytes, in order of first use.
    private(set) var used: [UBootReadMethod] = []

    /// - Parameter network: the board's; nil if there is only the serial line.
    init(_ session: UBootSession, _ facts: UBootFacts, _ network: UBootNetwork?) {
        self.session = session
        self.facts = facts
        settings = network?.settings
        console = network.map { UBootNetworkConsole(session, facts, $0) }
        let commands: [any UBootUploadCommand] = [TFTPPutCommand(), VendorTFTPCommand()]
        uploads = Dictionary(
            uniqueKeysWithValues: network.map { network in
                commands.map { ($0.method, UBootUpload($0, session, facts, network)) }
            } ?? [])
        guard let settings else {
            chain = Chain([.line], isGivenUp: { _ in false }, giveUp: { throw $0.error })
            return
        }
        chain = Chain(
            settings.via.map { [$0] } ?? UBootReadMethod.allCases, isGivenUp: settings.givenUp.contains,
            giveUp: { failure in
                guard settings.via == nil else { throw failure.error }
                // Addresses that do not suit one network method suit none.
                let isNetwork = [.hostUnreachable, .addressNotUnderstood].contains(failure.error.code)
                for method in isNetwork ? UBootReadMethod.allCases.filter(\.needsNetwork) : [failure.method] {
                    settings.givenUp.insert(method)
                }
            })
    }

    /// Runs the body with the best command that uploads.
    ///
    /// - Returns: nil if no upload is possible and memory must be printed.
    /// - Throws: the method's error if the user allows only that one; ``UBootSession/Interruption``, and errors of the
    ///   body.
    func uploading<Result>(_ body: (UBootUpload) async throws -> Result) async throws -> Result? {
        try await attempt { method in
            guard let upload = uploads[method] else { return nil }
            try await upload.prepare()
            let result = try await body(upload)
            return result
        }
    }

    /// Makes sure that output comes over the network, if that is the current method.
    ///
    /// - Throws: as ``uploading(_:)``.
    func prepareLine() async throws {
        try await attempt { method -> Void? in
            if method == .netconsole, let console {
                try await console.open()
                noteUse(.netconsole)
            } else {
                noteUse(.line)
                tell()
            }
            return ()
        }
    }

    private func attempt<Result>(_ body: (UBootReadMethod) async throws -> Result?) async throws -> Result? {
        try await chain.attempt(isOffered: isOffered, body) ?? nil
    }

    /// Whether the board currently prints to the network.
    var printsToNetwork: Bool { console?.isOpen ?? false }

    /// Returns the board's output to the line, for operations that must not depend on the network or that need both
    /// directions.
    ///
    /// - Throws: ``UBootSession/Interruption``, and errors of the line.
    func returnToLine() async throws { try await console?.leave() }

    /// Records that a method delivered bytes.
    func noteUse(_ method: UBootReadMethod) {
        if !used.contains(method) { used.append(method) }
    }

    /// Returns to the line if the board's replies no longer arrive over the network.
    ///
    /// - Returns: whether that is the case, so that the failed operation can be repeated.
    /// - Throws: the error, if the user allows only this method.
    func retreat(from error: FlashkeepError) async throws -> Bool {
        guard let console, console.isOpen,
            [.boardSilent, .noReplyInTime, .replyNotUnderstood].contains(error.code)
        else { return false }
        await console.close()
        try chain.fail(Chain.Failure(method: .netconsole, error: error))
        return true
    }

    /// Updates the state after a reset of the board, which has lost its settings and put its output back on the line.
    func wasReset() async { await console?.wasReset() }

    /// Leaves the board's console as it was. Never throws.
    func end() async { await console?.close() }

    /// Whether the board has a method, according to its help and lists; nothing is tried. Each method is checked once.
    ///
    /// - Throws: `toolMissing` if it lacks the only one that the user allows.
    private func isOffered(_ method: UBootReadMethod) async throws -> Bool {
        let found: Bool
        if let known = offered[method] {
            found = known
        } else {
            found = try await ask(method)
            offered[method] = found
        }
        guard found || settings?.via == nil else { throw notOffered(method) }
        return found
    }

    private func ask(_ method: UBootReadMethod) async throws -> Bool {
        guard method.needsNetwork else { return true }
        guard let help = facts.help else { return false }
        if let command = uploads[method]?.command {
            guard let question = command.question(help) else { return command.isOffered(help, answer: nil) }
            return command.isOffered(help, answer: try await session.agreed(on: question))
        }
        guard help.has("coninfo"), help.has("ping") || settings?.via == method else { return false }
        return try await session.agreed(on: "coninfo").map(UBootNetworkConsole.isListed) ?? false
    }

    /// Reports, in one note, why the network is not used.
    private func tell() {
        guard let reasons = chain.takeReasons() else { return }
        settings?.notify("reading flash over the serial line: " + reasons)
    }

    private func notOffered(_ method: UBootReadMethod) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "This U-Boot cannot send its flash by \(method.rawValue).",
            why: method == .netconsole ? "Its coninfo does not list nc." : "Its help lists no such command.",
            next: "Omit --via: the best available method is then used.")
    }
}
