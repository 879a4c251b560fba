/// How long a dialogue on a console waits for a pause, and how often it retries. A wait without a pause ends by ``limits``.
package struct ConsoleTiming: Sendable {
    /// How long the echo of what was typed may take. A line at 9600 bits a second needs 8 ms for 8 characters, a board
    /// that is busy in its network driver some hundred.
    package var echo: Duration = .milliseconds(1500)
    /// The longest silence of a command that computes nothing.
    package var silence: Duration = .seconds(5)
    /// How long nothing must follow what looks like a prompt.
    package var quiet: Duration = .milliseconds(60)
    /// How long nothing must follow on a line where nothing is known yet: a pause of the board's own start.
    package var settled: Duration = .milliseconds(500)
    /// The longest wait for a prompt after a key was sent.
    package var arrival: Duration = .seconds(20)
    /// The longest wait for somebody to switch the board on.
    package var power: Duration = WaitLimits().power
    /// How long anything may take altogether.
    package var limits = WaitLimits()
    /// How often a command is said at most.
    package var attempts = 8
    /// Characters that may be typed ahead of their echo: half of the 16550's FIFO, which is all that most builds have.
    package var window = 8

    package init() {}
}
