extension Finding {
    /// A container with a checksum over its body: proven if that holds, plausible otherwise.
    ///
    /// - Parameters:
    ///   - holds: nil if it could not be computed.
    ///   - changed: what a body that differs means: boards rewrite what an update wrote.
    static func checked(
        _ format: String, at offset: Int, size: Int, holds: Bool?, facts: [Fact?],
        changed: String = "its header is valid, but its body was changed since", isOpaque: Bool = false
    ) -> Finding {
        let notes: [String] =
            switch holds {
            case true?: []
            case false?: [changed]
            case nil: ["its checksum was not computed"]
            }
        return Finding(
            format, at: offset, size: size, grade: holds == true ? .proven : .plausible, facts: facts, notes: notes,
            isOpaque: isOpaque)
    }
}
