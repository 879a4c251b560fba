/// A command line that changes flash.
struct UBootWriteCommand: Sendable, Hashable {
    var line: String
    /// What its reply must speak of; nil where nothing that it says counts, and it may be said again where the reply was
    /// lost. With it, it is not: a page of NAND is programmed once.
    var work: UBootWriteResult.Work?

    init(_ line: String, _ work: UBootWriteResult.Work? = nil) {
        self.line = line
        self.work = work
    }
}
