/// How long something may take altogether, whatever comes meanwhile.
///
/// A pause ends most waits long before: those are in ``ShellTiming`` and in `UBootTiming`. But a pause never comes where
/// somebody talks all the time: a kernel with its messages, a countdown, a line at a wrong rate. So everything that is
/// waited for has a limit besides, and all of these limits are here. Where one is reached, the error has the code
/// `noReplyInTime` and the last words that came; where nothing came at all, `boardSilent`.
package struct WaitLimits: Sendable {
    /// Until a shell answers, with the rest of the board's start and a login; also the way back to a shell that was lost.
    /// Small routers take one to two minutes to start.
    package var login: Duration = .seconds(240)

    /// The reply to a command, beyond the longest silence that the command may begin with. The largest replies are logs
    /// and dumps of 16 KiB: 70 KB on the line, 75 s at 9600 bits a second, 5 min at 2400.
    package var reply: Duration = .seconds(300)

    /// One transfer of U-Boot's by TFTP: at most 16 MiB, with a dead network's timeouts and retries. Slow boards bring
    /// 100 KiB a second.
    package var transfer: Duration = .seconds(600)

    /// Bytes a second that flash data has at least on a slow line: that of 1200 bits a second, a quarter lost.
    package var slowestLine = 90

    /// The same where the board sets the pace, not the line: the slowest that was seen, a sixteenth of it.
    package var slowestBoard = 4_096

    /// What a command of U-Boot's needs that takes the line for itself, such as a load by YMODEM: the largest erase block,
    /// 128 KiB, at 1200 bits a second.
    package var conversation: Duration = .seconds(1_800)

    /// From U-Boot's first word, or a key that was sent to it, until its prompt: some scan a bus for half a minute, and
    /// count down for ten seconds more.
    package var start: Duration = .seconds(120)

    /// Typing a command of U-Boot's until its echo is right, with all attempts: on the worst lines at which anything works,
    /// about four minutes for the longest command.
    package var typing: Duration = .seconds(300)

    /// Until U-Boot has its prompt again after one ^C.
    package var prompt: Duration = .seconds(6)

    /// For somebody to switch the board on who was asked to: they may have to find the switch, or come back from lunch.
    package var power: Duration = .seconds(600)

    /// The same where nobody can be asked (`--json`): a script may switch it on at the same time.
    package var unattendedPower: Duration = .seconds(30)

    /// The command that switches the power: a socket in a network, with a pause between off and on.
    package var powerCommand: Duration = .seconds(120)

    /// Putting a board's terminal back in order at the end, also after Ctrl-C: somebody waits for it.
    package var farewell: Duration = .seconds(10)

    package init() {}

    /// How long so many bytes of flash data may take.
    package func bulk(_ bytes: Int, isSlow: Bool) -> Duration {
        .seconds(max(0, bytes) / max(1, isSlow ? slowestLine : slowestBoard))
    }
}
