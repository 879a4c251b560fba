package import FlashAccess

/// A command's output, as far as it was received.
package struct LoaderAnswer: Sendable {
    package var reply: ConsoleReply
    /// Whether the prompt followed. Otherwise the end may be missing.
    package var isWhole: Bool
    /// The status that the bootloader reported; nil if it reports none, or the line was lost.
    package var status: Int?
    /// Whether the output continued until the time limit.
    var isLate = false
    /// Whether it ends with a question that was not the expected one, and that was answered with no.
    package var isQuestion = false

    init(_ output: [UInt8], isWhole: Bool, status: Int?, isLate: Bool = false, isQuestion: Bool = false) {
        reply = ConsoleReply(output: output)
        self.isWhole = isWhole
        self.status = status
        self.isLate = isLate
        self.isQuestion = isQuestion
    }
}
