internal import BoardConsoles
import FlashAccess

/// A shell command that finds something out about a board and changes nothing on it.
package struct LinuxProbe: Sendable, Hashable {
    /// Key of the reply, and its file name among the evidence: `proc-mtd.txt`. Lower case, digits, `-` and `.` only.
    package var name: String
    /// One line of less than 900 characters for any Bourne shell, busybox ash since 1.1 included. It writes nothing to
    /// disk or flash, reads no standard input, ends by itself, and leaves no variable or function behind.
    package var command: String

    package init(name: String, command: String) {
        self.name = name
        self.command = command
    }
}

/// What a probe brought back.
package struct LinuxProbeReply: Sendable, Hashable {
    /// What the command printed, byte for byte. Lines may end in CR LF where a terminal stood between.
    package var output: [UInt8]
    /// The command's exit status: 127 where a program is missing.
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
    /// The lines of the reply, without their ends, within ``BoardLimits``.
    var lines: [ByteText] {
        output.prefix(BoardLimits.replyBytes)
            .split(separator: 0x0A, maxSplits: BoardLimits.lines, omittingEmptySubsequences: false)
            .prefix(BoardLimits.lines)
            .map { line in
                var line = line.prefix(BoardLimits.lineBytes)
                while line.last == 0x0D { line.removeLast() }
                return ByteText(line)
            }
    }
}
