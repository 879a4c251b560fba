package import BoardChannels

/// A vendor's command line on a terminal: it gives each line that begins with `echo` or `cat` to a shell of its own.
///
/// Based on a report about Sagemcom's routers, whose prompt is ` > `; there is no recording. Broadcom's command line on
/// a BT Voyager 210 starts busybox's shell by `sh` (OpenWrt's forum, "BT Voyager 210 UART found").
package struct VendorCommandLine: ChannelOpening {
    private let terminal: TerminalOpener

    package var traits: ChannelTraits { terminal.traits }

    /// - Parameter listsShell: whether its list of commands has `sh`, which starts a shell. The other commands, and
    ///   what it says about an unknown one, are made up.
    package init(listsShell: Bool) {
        terminal = TerminalOpener(command: ["python3", "-S", "-c", Self.script, listsShell ? "sh" : "none"])
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await terminal.withChannel(body)
    }

    private static let script = """
        import os, signal, subprocess, sys
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        commands = ["?", "help", "logout", "reboot", "cat", "echo"] + (["sh"] if sys.argv[1] == "sh" else [])
        # What is typed is only handed on once this was seen.
        os.write(1, b"Login # 1\\n")
        while True:
            os.write(1, b" > ")
            line = b""
            while not line.endswith(b"\\n"):
                byte = os.read(0, 1)
                if not byte: sys.exit()
                line += byte
            words = line.decode("latin-1").split()
            if not words: continue
            free = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
            if words[0] in ("echo", "cat"):
                subprocess.run(["busybox", "sh", "-c", line.decode("latin-1")], preexec_fn=free)
            elif words[0] in ("help", "?"):
                os.write(1, "".join(word + "\\n" for word in commands).encode())
            elif words[0] == "sh" and "sh" in commands:
                subprocess.run(["busybox", "sh"], preexec_fn=free)
            elif words[0] == "logout":
                sys.exit()
            else:
                os.write(1, b"telnetd: unknown command\\n")
        """
}
