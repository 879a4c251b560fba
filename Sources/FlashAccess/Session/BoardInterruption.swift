/// A board left the session with its bootloader. The same command may be repeated once it is back.
package struct BoardInterruption: Error, Sendable {
    /// The text that it printed.
    package var why: String
    /// Whether a system was started, rather than the bootloader itself again.
    package var isSystemStart: Bool
    /// The command's output until then, followed by that of the restart.
    package var heard: ConsoleReply

    package init(why: String, isSystemStart: Bool = false, heard: ConsoleReply = ConsoleReply(output: [])) {
        self.why = why
        self.isSystemStart = isSystemStart
        self.heard = heard
    }
}
