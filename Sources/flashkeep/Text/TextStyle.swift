/// Colours, if enabled. Pure.
struct TextStyle: Sendable, Equatable {
    var isColored: Bool
    /// Whether characters beyond ASCII may be used.
    var isUnicode: Bool

    /// ASCII characters only, without colours.
    static let plain = TextStyle(isColored: false, isUnicode: false)

    func strong(_ text: String) -> String { code("1", text) }
    func faint(_ text: String) -> String { code("2", text) }
    func good(_ text: String) -> String { code("32", text) }
    func bad(_ text: String) -> String { code("1;31", text) }
    func doubtful(_ text: String) -> String { code("33", text) }

    private func code(_ number: String, _ text: String) -> String {
        isColored && !text.isEmpty ? "\u{1B}[\(number)m\(text)\u{1B}[0m" : text
    }
}
