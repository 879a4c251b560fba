import FlashModel
import Synchronization

/// The password, when a board asks for it: what was given, or what the user types. Asked for once.
final class PasswordSource: Sendable {
    private let given: String?
    private let mayAsk: Bool
    private let screen: Screen
    private let question: String
    private let typed = Mutex<String?>(nil)

    init(given: String?, mayAsk: Bool, screen: Screen, question: String) {
        self.given = given
        self.mayAsk = mayAsk
        self.screen = screen
        self.question = question
    }

    /// The password; nil where there is none and nobody to ask.
    func password() async throws -> String? {
        if let known = given ?? typed.withLock({ $0 }) { return known }
        guard mayAsk else { return nil }
        screen.lend()
        defer { screen.takeBack() }
        let answer = try await TerminalQuestion.ask(question, isSecret: true)
        typed.withLock { $0 = answer }
        return answer
    }
}
