/// A value that holds until the board restarts, such as what is in its RAM or which chip it has selected.
struct PerBoot<Value> {
    private var kept: (value: Value, boot: Int)?

    init() {}

    /// The value; nil if none was set since the board last started.
    subscript(session: UBootSession) -> Value? {
        get {
            guard let kept, kept.boot == session.boot else { return nil }
            return kept.value
        }
        set { kept = newValue.map { ($0, session.boot) } }
    }
}
