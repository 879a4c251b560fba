package import BoardChannels
package import FlashModel

/// How to reach a loader, as often as necessary. It serves one connection at a time, and once it was reached it waits for
/// more (YourFritz `eva_tools/eva_discover`, HOLD), so each task has a session of its own: after a transfer whose end was
/// not signalled nothing is left over.
package struct EVALink: Sendable {
    /// Opens the control connection.
    private let control: any ChannelOpening
    /// Opens a connection to a port of the loader.
    let data: @Sendable (Int) -> any ChannelOpening
    let limits: EVALimits
    private let notify: ProgressHandler

    package init(
        control: any ChannelOpening, data: @escaping @Sendable (Int) -> any ChannelOpening,
        limits: EVALimits = EVALimits(), notify: @escaping ProgressHandler
    ) {
        self.control = control
        self.data = data
        self.limits = limits
        self.notify = notify
    }

    private enum Attempt<Value: Sendable>: Sendable {
        case done(Value)
        /// No loader answered.
        case notYet(FlashkeepError)
    }

    /// Waits until a loader answers, asking the user to switch the board on, and runs the body with a session.
    ///
    /// - Throws: ``FlashkeepError`` with `boardSilent` if none answered in time, `authenticationFailed`, and what the body
    ///   throws.
    func whenItStarts<Value: Sendable>(_ body: (EVASession) async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + limits.window
        var isAsked = false
        while true {
            let next = ContinuousClock.now + limits.poll
            switch try await attempt(body) {
            case .done(let value): return value
            case .notYet(let error):
                guard ContinuousClock.now < end else { throw neverSeen(error) }
                if !isAsked {
                    notify(
                        .request(
                            "Switch the board off and on now. Its bootloader listens for five seconds; Flashkeep waits for "
                                + "it for \(limits.window.components.seconds) seconds."))
                    isAsked = true
                }
            }
            try await Task.sleep(until: next, clock: .continuous)
        }
    }

    /// Runs the body with a session of a loader that was reached before.
    ///
    /// - Throws: ``FlashkeepError`` with `boardLost` if it no longer answers, and what the body throws.
    func withSession<Value: Sendable>(_ body: (EVASession) async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + limits.session
        while true {
            let next = ContinuousClock.now + limits.poll
            switch try await attempt(body) {
            case .done(let value): return value
            case .notYet(let error):
                guard ContinuousClock.now < end else {
                    throw FlashkeepError(
                        .boardLost, what: "The loader no longer answers.", why: error.why,
                        next: "Run the same command again, and switch the board off and on when asked to.")
                }
            }
            try await Task.sleep(until: next, clock: .continuous)
        }
    }

    private func attempt<Value: Sendable>(
        _ body: (EVASession) async throws -> Value
    ) async throws -> Attempt<Value> {
        var isOpen = false
        do {
            return .done(
                try await control.withChannel { channel in
                    let session = EVASession(channel, limits)
                    try await session.open()
                    isOpen = true
                    let value = try await body(session)
                    await session.close()
                    return value
                })
        } catch let error as FlashkeepError
            where !isOpen && error.code != .authenticationFailed && error.code != .commandFailed
        {
            return .notYet(error)
        }
    }

    private func neverSeen(_ last: FlashkeepError) -> FlashkeepError {
        FlashkeepError(
            .boardSilent,
            what: "No bootloader of an AVM box answered within \(limits.window.components.seconds) seconds.",
            why: "\(last.what) \(last.why)",
            next:
                "Give this computer an address in the box's network (such as 192.168.178.2), connect it to a LAN port, "
                + "check the box's address (192.168.178.1, 169.254.1.1, 192.168.2.1 or 192.168.2.254), and try again; "
                + "eva:// without an address looks for it."
        )
    }
}
