package import BoardConsoles

/// How long a shell session waits for a pause, and how often it tries again. What has no pause ends by ``WaitLimits``.
package struct ShellTiming: Sendable {
    /// The longest silence of a running command.
    package var silence: Duration = .seconds(30)
    /// The longest wait for the first reply of a shell on a pipe that was just opened.
    package var arrival: Duration = .seconds(60)
    /// How long a terminal must say nothing, except for the kernel's messages, until it is taken to have said all.
    package var quiet: Duration = .milliseconds(400)
    /// How long a shell may take to answer an echo, and a console to say its first word.
    package var probe: Duration = .seconds(4)
    /// How long a login may take to ask for the password, and to check it: some wait 3 s on purpose, and a board under
    /// load is slow.
    package var login: Duration = .seconds(10)
    /// The most steps of a login.
    package var arrivalSteps = 80
    /// The most steps in which nothing but the kernel speaks.
    package var bootWaits = 60
    /// How often a command is said at most.
    package var attempts = 3
    /// How long anything may take altogether.
    package var limits = WaitLimits()

    package init() {}
}
