internal import BoardConsoles
import FlashAccess

/// A shell command that queries a board and changes nothing on it.
package struct LinuxProbe: Sendable, Hashable {
    /// The key of the reply, and its file name in the evidence: `proc-mtd.txt`. Lower-case letters, digits, `-` and `.`
    /// only.
    package var name: String
    /// One line of fewer than 900 characters for any Bourne shell, including busybox ash since 1.1. It writes nothing
    /// to disk or flash, reads no standard input, always ends, and leaves no variables or functions behind.
    package var command: String

    package init(name: String, command: String) {
        self.name = name
        self.command = command
    }
}

/// The reply to a probe.
package struct LinuxProbeReply: Sendable, Hashable {
    /// The output, byte for byte. Lines may end in CR LF after passing a terminal.
    package var output: [UInt8]
    /// The exit status: 127 if a program is missing.
    package var exitStatus: Int

    package init(output: [UInt8], exitStatus: Int = 0) {
        self.output = output
        self.exitStatus = exitStatus
    }

    init(_ reply: ShellReply) {
        self.init(output: reply.output, exitStatus: reply.status)
    }

    package init(text: String, exitStatus: Int = 0) {
        self.init(output: Array(text.utf8), exitStatus: exitStatus)
    }
}

extension LinuxProbeReply {
    /// The lines of the reply, without line ends, within ``BoardLimits``.
    var lines: [ByteText] { ByteText.lines(of: output) }
}
