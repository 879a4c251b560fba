private import Synchronization
package import SystemPackage

/// Named contents for a TFTP server: what boards may read, and what is awaited of them. Nothing else is given or taken.
///
/// Names are those that clients send, whatever they hold; they have no folders, and lead nowhere. Entries may be added and
/// taken away while the server runs; transfers that have begun go on.
package final class TFTPCatalog: TFTPContent {
    /// Makes the source anew for each request: a board that gives up asks again from the start.
    package typealias Opening = @Sendable (_ client: String) async throws -> any TFTPSource
    /// Makes the sink anew for each request. The announced size is the client's and may be wrong; nil where it told none.
    package typealias Receiving = @Sendable (_ announcedSize: Int?, _ client: String) async throws -> any TFTPSink

    private struct Expectation {
        /// Bytes that there must be; nil where that is not known.
        var size: Int?
        /// Bytes that there may be.
        var limit: Int
        var open: Receiving
        var isBusy = false
        var isDone = false
    }

    private struct State {
        var offers: [String: Opening] = [:]
        var expectations: [String: Expectation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    // MARK: Offers

    /// Offers bytes, in place of what this name had before.
    package func offer(_ name: String, bytes: [UInt8]) {
        offer(name) { _ in TFTPMemorySource(bytes) }
    }

    /// Offers a file of this computer, whatever its name there; it is opened for each request.
    package func offer(_ name: String, file: FilePath) {
        offer(name) { _ in try await TFTPFolder.source(of: file) }
    }

    /// Offers what a closure opens.
    package func offer(_ name: String, open: @escaping Opening) {
        state.withLock { $0.offers[name] = open }
    }

    // MARK: Expectations

    /// Awaits something of a size that is known. More or fewer bytes fail the transfer, and nothing is committed.
    ///
    /// A name is taken once: while it is being written, and after it was, others are refused. After a transfer that
    /// broke, the board may try again.
    ///
    /// - Parameters:
    ///   - size: bytes, from 0.
    ///   - open: makes the sink.
    package func expect(_ name: String, size: Int, open: @escaping Receiving) {
        let size = max(0, size)
        state.withLock { $0.expectations[name] = Expectation(size: size, limit: size, open: open) }
    }

    /// Awaits something of a size that is not known.
    ///
    /// - Parameters:
    ///   - limit: bytes that are taken at most; with more the transfer fails.
    ///   - open: makes the sink.
    package func expect(_ name: String, limit: Int, open: @escaping Receiving) {
        state.withLock { $0.expectations[name] = Expectation(size: nil, limit: max(0, limit), open: open) }
    }

    /// Takes a name away, from offers and expectations.
    package func withdraw(_ name: String) {
        state.withLock { state in
            state.offers[name] = nil
            state.expectations[name] = nil
        }
    }

    // MARK: TFTPContent

    package func open(reading name: String, client: String) async throws -> any TFTPSource {
        guard let open = state.withLock({ $0.offers[name] }) else {
            throw TFTPError(.fileNotFound, "There is no such file.")
        }
        return try await open(client)
    }

    package func open(writing name: String, size: Int?, client: String) async throws -> any TFTPSink {
        let expectation = try state.withLock { state throws(TFTPError) -> Expectation in
            guard let found = state.expectations[name] else {
                throw TFTPError(.accessViolation, "This name is not awaited.")
            }
            guard !found.isDone else { throw TFTPError(.fileExists, "This has come already.") }
            guard !found.isBusy else { throw TFTPError(.fileExists, "This is being written already.") }
            if let size, let wanted = found.size, size != wanted {
                throw TFTPError(.undefined, "\(wanted) bytes are awaited, not \(size).")
            }
            if let size, size > found.limit {
                throw TFTPError(.diskFull, "At most \(found.limit) bytes are taken.")
            }
            state.expectations[name]?.isBusy = true
            return found
        }
        do {
            return TFTPMeasuredSink(
                sink: try await expectation.open(size, client), size: expectation.size, limit: expectation.limit
            ) { [self] isWhole in ended(name, isWhole: isWhole) }
        } catch {
            ended(name, isWhole: false)
            throw error
        }
    }

    private func ended(_ name: String, isWhole: Bool) {
        state.withLock { state in
            state.expectations[name]?.isBusy = false
            if isWhole { state.expectations[name]?.isDone = true }
        }
    }
}

/// Holds a sink to its size.
private actor TFTPMeasuredSink: TFTPSink {
    private let sink: any TFTPSink
    private let size: Int?
    private let limit: Int
    private let ended: @Sendable (_ isWhole: Bool) -> Void
    private var count = 0

    init(sink: any TFTPSink, size: Int?, limit: Int, ended: @escaping @Sendable (Bool) -> Void) {
        self.sink = sink
        self.size = size
        self.limit = limit
        self.ended = ended
    }

    func write(_ bytes: [UInt8]) async throws {
        guard bytes.count <= limit - count else {
            throw TFTPError(.diskFull, "At most \(limit) bytes are taken.")
        }
        count += bytes.count
        try await sink.write(bytes)
    }

    func commit() async throws {
        if let size, size != count { throw TFTPError(.undefined, "\(size) bytes are awaited, but \(count) came.") }
        try await sink.commit()
        ended(true)
    }

    func discard() async {
        await sink.discard()
        ended(false)
    }
}
