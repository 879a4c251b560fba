/// Time limits for whole operations, whatever arrives meanwhile.
///
/// A pause ends most waits much earlier: those are in ``ShellTiming`` and in `ConsoleTiming`. But there is never a pause
/// if the other side keeps talking: a kernel with its messages, a countdown, a line at a wrong rate. So every wait also
/// has a limit, and all of these limits are here. When one is reached, the error has the code `noReplyInTime` and
/// quotes the last words received; if nothing arrived at all, `boardSilent`.
package struct WaitLimits: Sendable {
    /// Until a shell answers, including the rest of the board's start and a login; also for finding a lost shell again.
    /// Small routers take one to two minutes to start.
    package var login: Duration = .seconds(240)

    /// For the reply to a command, in addition to the longest silence that the command may begin with. The largest
    /// replies are logs and dumps of 16 KiB: 70 KB on the line, 75 s at 9600 bits per second, 5 min at 2400.
    package var reply: Duration = .seconds(300)

    /// For one TFTP transfer of U-Boot: at most 16 MiB, with a dead network's timeouts and retries. Slow boards reach
    /// 100 KiB per second.
    package var transfer: Duration = .seconds(600)

    /// The minimum rate of flash data on a slow line, in bytes per second: 1200 bits per second, with a quarter lost.
    package var slowestLine = 90

    /// The same if the board is slower than the line: a sixteenth of the slowest rate observed.
    package var slowestBoard = 4_096

    /// For a U-Boot command that uses the line itself, such as a load by YMODEM: the largest erase block, 128 KiB, at
    /// 1200 bits per second.
    package var conversation: Duration = .seconds(1_800)

    /// From U-Boot's first output, or a key sent to it, until its prompt: some scan a bus for half a minute, and then
    /// count down for ten seconds.
    package var start: Duration = .seconds(120)

    /// For typing a U-Boot command until its echo is correct, with all attempts: about four minutes for the longest
    /// command on the worst lines on which anything works.
    package var typing: Duration = .seconds(300)

    /// Until U-Boot shows its prompt again after one ^C.
    package var prompt: Duration = .seconds(6)

    /// For a person who was asked to switch the board on: they may have to find the switch, or come back from lunch.
    package var power: Duration = .seconds(600)

    /// The same if nobody can be asked (`--json`): a script may switch the board on at the same time.
    package var unattendedPower: Duration = .seconds(30)

    /// For the command that switches the power: a network-controlled socket, with a pause between off and on.
    package var powerCommand: Duration = .seconds(120)

    /// For restoring a board's terminal at the end, also after Ctrl-C, when someone is waiting.
    package var farewell: Duration = .seconds(10)

    package init() {}

    /// The time limit for a number of bytes of flash data.
    package func bulk(_ bytes: Int, isSlow: Bool) -> Duration {
        .seconds(max(0, bytes) / max(1, isSlow ? slowestLine : slowestBoard))
    }
}
