package import BoardChannels

/// A login on a terminal with a shell of this computer behind it, while a kernel prints messages to the same terminal
/// until the line is raw. In real time.
///
/// The login is busybox's: its words, the name asked for again after an empty one, input thrown away before each
/// question, and no echo of the password (`loginutils/login.c`, login_main and get_username_or_die;
/// `libbb/bb_askpass.c`, bb_askpass). ^C at the name ends it, and init starts it anew (`init/init.c`); half a second
/// for that is an assumption. The whole: `BackupLabTests`, aLoginOnASerialLineFullOfKernelMessages.
package struct SimulatedLogin: ChannelOpening {
    private let terminal: TerminalOpener

    package var traits: ChannelTraits { terminal.traits }

    /// - Parameters:
    ///   - shell: the shell's program and its arguments.
    ///   - every: the interval between kernel messages (the lab's: `Lab/guest/serve.sh`).
    ///   - delay: how long the board takes for each step of the login; an assumption.
    ///   - hasTimes: whether the kernel's messages have time stamps (Linux `kernel/printk/printk.c`, print_time;
    ///     CONFIG_PRINTK_TIME).
    package init(
        shell: [String], user: String = "root", password: String, every: Duration, delay: Duration = .zero,
        hasTimes: Bool = true
    ) {
        let seconds = { (time: Duration) in String(time / .seconds(1)) }
        terminal = TerminalOpener(
            command: [
                "python3", "-S", "-c", Self.script, user, password, seconds(every), seconds(delay),
                hasTimes ? "times" : "plain",
            ] + shell)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await terminal.withChannel(body)
    }

    private static let script = """
        import os, signal, sys, termios, threading, time
        user, password, every, delay, form = sys.argv[1:6]
        every, delay = float(every), float(delay)
        serving = threading.Event()

        def chatter():
            number = 0
            while True:
                if serving.is_set() and not termios.tcgetattr(0)[3] & termios.ECHO: return
                number += 1
                head = b"[%5d.%06d] " % (number // 20, number % 20 * 50000) if form == "times" else b""
                line = head + b"ath10k_pci 0000:00:00.0: firmware warning %d, peer unreachable\\r\\n" % number
                # At once: a driver lets nobody else in between.
                os.write(1, line)
                time.sleep(every)

        def echo(is_on):
            modes = termios.tcgetattr(0)
            modes[3] = modes[3] | termios.ECHO if is_on else modes[3] & ~termios.ECHO
            # A login throws away what was typed before it asks.
            termios.tcsetattr(0, termios.TCSAFLUSH, modes)

        def ask(question, is_echoed=True):
            time.sleep(delay)
            echo(is_echoed)
            os.write(1, question)
            line = b""
            while not line.endswith(b"\\n"):
                byte = os.read(0, 1)
                if not byte: os._exit(1)
                line += byte
            echo(True)
            if not is_echoed: os.write(1, b"\\r\\n")
            return line.strip().decode("latin-1")

        def interrupted(*_): raise KeyboardInterrupt

        # A login that ^C ends is started anew. At the password it is a wrong one (busybox libbb/bb_askpass.c).
        def serve():
            while True:
                try:
                    signal.signal(signal.SIGINT, interrupted)
                    name = ask(b"OpenWrt login: ")
                    if not name: continue
                    try:
                        typed = ask(b"Password: ", False)
                    except KeyboardInterrupt:
                        typed = None
                        echo(True)
                        os.write(1, b"\\r\\n")
                    if typed == password and name == user: return
                    time.sleep(delay)
                    os.write(1, b"Login incorrect\\r\\n")
                except KeyboardInterrupt:
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
                    time.sleep(0.5)

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What is typed is only handed on once this was seen.
        os.write(1, b"lab # 1\\r\\n")
        threading.Thread(target=chatter, daemon=True).start()
        while True:
            try:
                serve()
                break
            except KeyboardInterrupt: pass
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            time.sleep(delay)
            os.execvp(sys.argv[6], sys.argv[6:])
        serving.set()
        os.waitpid(child, 0)
        """
}
