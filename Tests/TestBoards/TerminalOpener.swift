package import BoardChannels
import Foundation

/// A shell on a terminal, like a console: with echo, prompts and a line editor. Shell and terminal are this computer's
/// own; only the line between them and the reader is simulated.
package struct TerminalOpener: ChannelOpening {
    package let traits: ChannelTraits
    private let command: [String]
    private let expandsTabs: Bool

    /// - Parameters:
    ///   - command: the shell's program and its arguments.
    ///   - isSlow: whether the line counts as slow, so that data is compressed.
    ///   - expandsTabs: whether it expands tabs to blanks, like the terminals of busybox's telnetd
    ///     (`networking/telnetd.c`, make_new_session: XTABS).
    package init(command: [String], isSlow: Bool = true, expandsTabs: Bool = false) {
        // As the program does: a shell that ends must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        self.command = command
        self.expandsTabs = expandsTabs
        traits = ChannelTraits(
            scheme: "serial", address: "a terminal", mayHaveTerminal: true, isReliable: false, isSlow: isSlow)
    }

    /// Runs a program on its own terminal and relays its bytes.
    private static let bridge = """
        import os, pty, select, signal, sys, termios
        pid, fd = pty.fork()
        if pid == 0:
            # Whoever started the tests in the background has it ignored; busybox's shell then ends at ^C.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.environ["PS1"] = "board # "
            if sys.argv[1] == "tabs":
                modes = termios.tcgetattr(0)
                modes[1] |= termios.OPOST | termios.XTABS
                termios.tcsetattr(0, termios.TCSANOW, modes)
            os.execvp(sys.argv[2], sys.argv[2:])
        # What is typed before the shell is there would meet this program, and ^C would end it; or the shell that has
        # only begun, as busybox's does when ^C comes between its banner and its prompt.
        inputs = [fd]
        greeting = b""
        while True:
            ready = select.select(inputs, [], [])[0]
            try:
                if fd in ready:
                    data = os.read(fd, 4096)
                    if not data: break
                    if len(inputs) == 1:
                        greeting += data
                        if b"# " in greeting or b"$ " in greeting: inputs = [0, fd]
                    os.write(1, data)
                if 0 in ready:
                    data = os.read(0, 4096)
                    if not data: break
                    while data: data = data[os.write(fd, data):]
            except OSError: break
        """

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await LocalOpener(
            shell: ["/usr/bin/env", "python3", "-S", "-c", Self.bridge, expandsTabs ? "tabs" : "plain"] + command
        )
        .withChannel { channel in
            try await body(Retraited(below: channel, traits: traits))
        }
    }

    /// The pipe to the bridge, with a terminal's traits.
    private final class Retraited: BoardChannel {
        let below: any BoardChannel
        let traits: ChannelTraits

        init(below: any BoardChannel, traits: ChannelTraits) {
            self.below = below
            self.traits = traits
        }

        func read(timeout: Duration?) async throws -> ChannelRead { try await below.read(timeout: timeout) }
        func write(_ bytes: [UInt8], isSecret: Bool) async throws { try await below.write(bytes, isSecret: isSecret) }
    }
}
