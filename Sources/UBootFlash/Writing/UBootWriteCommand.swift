/// A command line that changes flash.
struct UBootWriteCommand: Sendable, Hashable {
    var line: String
    /// What its reply must confirm. nil if the reply proves nothing, so that the command may be repeated if the reply
    /// was lost; otherwise it is not repeated then, because a page of NAND is programmed only once.
    var work: UBootWriteResult.Work?

    init(_ line: String, _ work: UBootWriteResult.Work? = nil) {
        self.line = line
        self.work = work
    }
}
