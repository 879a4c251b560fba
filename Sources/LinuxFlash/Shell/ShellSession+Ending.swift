import BoardChannels
import BoardConsoles
import FlashModel

/// Restores the board's terminal.
extension ShellSession {
    /// Restores the board's terminal. Never throws: the board may be gone.
    func end() async {
        // In its own task: it must run to its end even if the user has cancelled everything.
        nonisolated(unsafe) let session = self
        await Task {
            try? await unsafe session.console.within(unsafe session.timing.limits.farewell, "the end") {
                try await unsafe session.undoEverything()
            }
        }.value
    }

    func undoEverything() async throws {
        guard isTerminal else {
            guard !isReplyPending else { return }
            try await send("exit\n")
            // This closes the channel, which ends the wait.
            _ = try await console.collect(quiet: .seconds(2), longest: .seconds(2))
            return
        }
        guard let undo else { return }
        if undo.owesPassword {
            // An empty password brings back the question for the user, as it was when we arrived.
            try await send("\n")
            _ = try await console.collect(quiet: timing.quiet)
            return
        }
        if isReplyPending {
            // Flash data may still be arriving.
            try await send("\u{3}")
            _ = try await console.collect(quiet: timing.quiet)
        }
        if undo.hasInnerShell {
            if try await innerLine(attempts: 2) != nil {
                try await restorePrintk()
                // Repeated in case `exit` was lost.
                for _ in 0..<3 {
                    // The shell exits; `dd` notices only when it has something to write.
                    try await send("exit\n")
                    _ = try await console.collect(quiet: .milliseconds(100))
                    try await send("\n")
                    _ = try await console.collect(quiet: .milliseconds(100))
                    if try await innerLine(attempts: 1) == nil { break }
                }
            } else if let settings = undo.settings {
                try await restorePrintk()
                try await send("stty \(ShellWord.quoted(settings))\n")
            }
        } else {
            try await restorePrintk()
        }
        _ = try await console.collect(quiet: .milliseconds(100))
        if undo.hasOwnShell {
            try await send("exit\n")
            _ = try await console.collect(quiet: .milliseconds(100))
        }
        if undo.loggedIn || console.channel.traits.scheme == "telnet" {
            try await send("exit\n")
            _ = try await console.collect(quiet: .milliseconds(100))
        }
    }

    func restorePrintk() async throws {
        guard let printk = undo?.printk else { return }
        _ = try await runOnce("echo \(printk) >/proc/sys/kernel/printk", silence: .seconds(2), limit: 1 << 16)
    }
}
