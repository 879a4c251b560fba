import FlashModel

/// The chain of fallbacks for one task: methods, the best first. One that fails is given up, and the next one is used.
final class UBootMethodChain<Method: Hashable & Sendable> {
    /// A method that does not work on this board, or no longer.
    struct Failure: Error, Sendable {
        var method: Method
        /// What a user is told who allows no other method.
        var error: FlashkeepError
    }

    private let methods: [Method]
    private let isGivenUp: (Method) -> Bool
    private let giveUp: (Failure) throws -> Void
    /// Why methods were given up, oldest first.
    private(set) var failures: [Failure] = []

    /// - Parameters:
    ///   - methods: those that may be used, the best first.
    ///   - isGivenUp: whether a method failed before, on an earlier connection too.
    ///   - giveUp: remembers a failure; it throws the failure's error if no other method may be used.
    init(
        _ methods: [Method], isGivenUp: @escaping (Method) -> Bool, giveUp: @escaping (Failure) throws -> Void
    ) {
        self.methods = methods
        self.isGivenUp = isGivenUp
        self.giveUp = giveUp
    }

    /// The methods that are left, the best first.
    var left: [Method] { methods.filter { !isGivenUp($0) } }

    /// Runs the body with the best method that is left, and again with the next one each time it throws a ``Failure``.
    ///
    /// - Parameter isOffered: whether the board has a method; those that it lacks are passed over.
    /// - Returns: nil if no method is left.
    /// - Throws: a failure's error if no other method may be used, and what else the body throws.
    func attempt<Result>(
        isOffered: (Method) async throws -> Bool = { _ in true }, _ body: (Method) async throws -> Result
    ) async throws -> Result? {
        for method in methods where !isGivenUp(method) {
            // A failure of one method may have given up others.
            guard try await isOffered(method) else { continue }
            do {
                return try await body(method)
            } catch let failure as Failure {
                try fail(failure)
            }
        }
        return nil
    }

    /// Gives a method up.
    ///
    /// - Throws: its error if no other method may be used.
    func fail(_ failure: Failure) throws {
        try giveUp(failure)
        failures.append(failure)
    }

    /// The failures so far, which are forgotten: each is told once.
    func takeFailures() -> [Failure] {
        defer { failures = [] }
        return failures
    }
}
