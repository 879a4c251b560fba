package import FlashModel

/// The methods for one task, best first. One that fails is given up, and the next one is used.
package final class MethodChain<Method: Hashable & Sendable> {
    /// A method that does not work on this board, or no longer works.
    package struct Failure: Error, Sendable {
        package var method: Method
        /// The error for a user who allows no other method.
        package var error: FlashkeepError

        package init(method: Method, error: FlashkeepError) {
            self.method = method
            self.error = error
        }
    }

    private let methods: [Method]
    private let isGivenUp: (Method) -> Bool
    private let giveUp: (Failure) throws -> Void
    /// The reasons why methods were given up, oldest first.
    package private(set) var failures: [Failure] = []

    /// - Parameters:
    ///   - methods: those that may be used, best first.
    ///   - isGivenUp: whether a method failed before, including on earlier connections.
    ///   - giveUp: records a failure; it throws the failure's error if no other method may be used.
    package init(
        _ methods: [Method], isGivenUp: @escaping (Method) -> Bool, giveUp: @escaping (Failure) throws -> Void
    ) {
        self.methods = methods
        self.isGivenUp = isGivenUp
        self.giveUp = giveUp
    }

    /// The remaining methods, best first.
    package var left: [Method] { methods.filter { !isGivenUp($0) } }

    /// Runs the body with the best remaining method, and again with the next one each time it throws a ``Failure``.
    ///
    /// - Parameter isOffered: whether the board has a method; those that it lacks are skipped.
    /// - Returns: nil if no method is left.
    /// - Throws: a failure's error if no other method may be used, and other errors of the body.
    package func attempt<Result>(
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
    /// - Throws: the failure's error if no other method may be used.
    package func fail(_ failure: Failure) throws {
        try giveUp(failure)
        failures.append(failure)
    }

    /// Returns why methods were given up since the last call, in sentences, so that each is reported once; nil if none
    /// were.
    package func takeReasons() -> String? {
        defer { failures = [] }
        guard !failures.isEmpty else { return nil }
        return failures.map { "\($0.error.what) \($0.error.why)" }.joined(separator: " ")
    }
}
