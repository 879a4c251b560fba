/// Runs a body, and then a clean-up, whatever became of the body.
///
/// - Returns: what the body returns.
/// - Throws: what the body throws.
package func withCleanup<Result>(
    _ body: () async throws -> Result, cleanup: () async -> Void
) async throws -> Result {
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body())
    } catch {
        result = .failure(error)
    }
    await cleanup()
    return try result.get()
}

/// The same, with a clean-up in a task of its own: it does its work also if the task of the body was cancelled.
package func withShieldedCleanup<Result>(
    _ body: () async throws -> Result, cleanup: @escaping () async -> Void
) async throws -> Result {
    // Nothing else runs until the clean-up is over, so what it captured is not shared.
    nonisolated(unsafe) let cleanup = cleanup
    return try await withCleanup(body) { await Task { await unsafe cleanup() }.value }
}
