package import BoardConsoles

/// How long a shell session waits for a pause, and how often it retries. A wait without a pause ends by ``WaitLimits``.
package struct ShellTiming: Sendable {
    /// The longest silence of a running command.
    package var silence: Duration = .seconds(30)
    /// The longest wait for a shell's first reply on a newly opened pipe.
    package var arrival: Duration = .seconds(60)
    /// How long a terminal must be silent, except for kernel messages, before its output counts as complete.
    package var quiet: Duration = .milliseconds(400)
    /// How long a shell may take to answer an echo, and a console to print its first output.
    package var probe: Duration = .seconds(4)
    /// How long a login may take to ask for the password, and to check it: some wait 3 s on purpose, and a loaded board
    /// is slow.
    package var login: Duration = .seconds(10)
    /// The maximum number of steps of a login.
    package var arrivalSteps = 80
    /// The maximum number of steps in which only kernel messages arrive.
    package var bootWaits = 60
    /// The maximum number of attempts for a command.
    package var attempts = 3
    /// The limits for whole operations.
    package var limits = WaitLimits()

    package init() {}
}
