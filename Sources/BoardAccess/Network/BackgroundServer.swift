/// A server in a task of its own, from its start until it is stopped.
struct BackgroundServer: Sendable {
    /// The port at which it listens, 1...65535.
    let port: Int
    private let task: Task<Void, Never>
    private let ending: AsyncStream<Void>.Continuation

    /// Starts a server.
    ///
    /// - Parameter run: runs the server; once it listens, it calls the closure with its port and stays until that
    ///   returns.
    /// - Returns: as soon as it listens.
    /// - Throws: what the server throws before that.
    static func start(
        _ run: @escaping @Sendable (_ serving: @Sendable (Int) async -> Void) async throws -> Void
    ) async throws -> BackgroundServer {
        let (ready, isReady) = AsyncThrowingStream.makeStream(of: Int.self)
        let (end, ending) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            do {
                try await run { port in
                    isReady.yield(port)
                    for await _ in end {}
                }
                isReady.finish()
            } catch {
                isReady.finish(throwing: error)
            }
        }
        do {
            for try await port in ready { return BackgroundServer(port: port, task: task, ending: ending) }
            throw CancellationError()
        } catch {
            ending.finish()
            await task.value
            throw error
        }
    }

    func stop() async {
        ending.finish()
        await task.value
    }
}
