/// A number of things. Pure.
enum CountText {
    /// `1 file`, `2 files`.
    static func text(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
}
