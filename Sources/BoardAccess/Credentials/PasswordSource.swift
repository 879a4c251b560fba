import Synchronization

/// The password for the board's login: the given one, or what the user types. The user is asked once.
final class PasswordSource: Sendable {
    private let given: String?
    private let question: String
    private let ask: (@Sendable (String) async throws -> String?)?
    private let typed = Mutex<String?>(nil)

    /// - Parameter ask: nil if nobody can be asked.
    init(given: String?, question: String, ask: (@Sendable (String) async throws -> String?)?) {
        self.given = given
        self.question = question
        self.ask = ask
    }

    /// The password; nil if there is none and nobody can be asked.
    func password() async throws -> String? {
        if let known = given ?? typed.withLock({ $0 }) { return known }
        guard let answer = try await ask?(question) else { return nil }
        typed.withLock { $0 = answer }
        return answer
    }
}
