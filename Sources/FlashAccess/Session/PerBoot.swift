/// Something that counts the restarts of a board.
package protocol BootCounting: AnyObject {
    /// The number of restarts so far; each loses what was set before.
    var boot: Int { get }
}

/// A value that holds until the board restarts, such as what is in its RAM or which chip it has selected.
package struct PerBoot<Value> {
    private var kept: (value: Value, boot: Int)?

    package init() {}

    /// The value; nil if none was set since the board last started.
    package subscript(session: some BootCounting) -> Value? {
        get {
            guard let kept, kept.boot == session.boot else { return nil }
            return kept.value
        }
        set { kept = newValue.map { ($0, session.boot) } }
    }
}
