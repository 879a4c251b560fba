private import Subprocess
package import SystemPackage

/// A program of this computer that a test works with, such as another author's client.
package enum TestProgram {
    package struct HasNotEnded: Error, CustomStringConvertible {
        package var description: String
    }

    /// Runs a program without input, and ignores what it prints.
    ///
    /// The program is killed at the limit and when the task is cancelled, so that a test that hangs fails instead of
    /// holding up all the others.
    ///
    /// - Returns: whether it ended with status 0.
    @discardableResult
    package static func run(
        _ program: FilePath, _ arguments: [String], longest: Duration = .seconds(60)
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await Subprocess.run(
                    .path(program), arguments: .init(arguments), input: .none, output: .discarded, error: .discarded
                ).terminationStatus.isSuccess
            }
            group.addTask {
                try await Task.sleep(for: longest)
                throw HasNotEnded(description: "\(program) \(arguments) did not end within \(longest)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }
}
