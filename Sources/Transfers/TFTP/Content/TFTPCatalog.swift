private import Synchronization
package import SystemPackage

/// Named contents for a TFTP server: files offered to boards, and uploads expected from them. All other names are
/// refused.
///
/// Names are compared as clients send them; they have no folders, and refer to no path. Entries may be added and
/// withdrawn while the server runs; transfers in progress continue.
package final class TFTPCatalog: TFTPContent {
    /// Makes a new source for each request: a board that gives up starts over.
    package typealias Opening = @Sendable (_ client: String) async throws -> any TFTPSource
    /// Makes a new sink for each request. The announced size comes from the client and may be wrong; nil if there is
    /// none.
    package typealias Receiving = @Sendable (_ announcedSize: Int?, _ client: String) async throws -> any TFTPSink

    private struct Expectation {
        /// The required size in bytes; nil if unknown.
        var size: Int?
        /// The maximum size in bytes.
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

    /// Offers bytes, replacing the previous offer of this name.
    package func offer(_ name: String, bytes: [UInt8]) {
        offer(name) { _ in TFTPMemorySource(bytes) }
    }

    /// Offers a file of this computer, whatever its own name; it is opened for each request.
    package func offer(_ name: String, file: FilePath) {
        offer(name) { _ in try await TFTPFolder.source(of: file) }
    }

    /// Offers the source that a closure opens.
    package func offer(_ name: String, open: @escaping Opening) {
        state.withLock { $0.offers[name] = open }
    }

    // MARK: Expectations

    /// Expects an upload of a known size. More or fewer bytes fail the transfer, and nothing is committed.
    ///
    /// A name accepts one upload: while it is being written, and afterwards, other requests are refused. After a broken
    /// transfer the board may try again.
    ///
    /// - Parameters:
    ///   - size: the size in bytes, 0 or more.
    ///   - open: makes the sink.
    package func expect(_ name: String, size: Int, open: @escaping Receiving) {
        let size = max(0, size)
        state.withLock { $0.expectations[name] = Expectation(size: size, limit: size, open: open) }
    }

    /// Expects an upload of unknown size.
    ///
    /// - Parameters:
    ///   - limit: the maximum size in bytes; a larger upload fails.
    ///   - open: makes the sink.
    package func expect(_ name: String, limit: Int, open: @escaping Receiving) {
        state.withLock { $0.expectations[name] = Expectation(size: nil, limit: max(0, limit), open: open) }
    }

    /// Withdraws a name from offers and expectations.
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
                throw TFTPError(.accessViolation, "No upload is expected under this name.")
            }
            guard !found.isDone else { throw TFTPError(.fileExists, "This file has already been received.") }
            guard !found.isBusy else { throw TFTPError(.fileExists, "This file is already being written.") }
            if let size, let wanted = found.size, size != wanted {
                throw TFTPError(.undefined, "\(wanted) bytes are expected, not \(size).")
            }
            if let size, size > found.limit {
                throw TFTPError(.diskFull, "At most \(found.limit) bytes are accepted.")
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

/// A sink that enforces its size.
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
            throw TFTPError(.diskFull, "At most \(limit) bytes are accepted.")
        }
        count += bytes.count
        try await sink.write(bytes)
    }

    func commit() async throws {
        if let size, size != count { throw TFTPError(.undefined, "\(size) bytes are expected, but \(count) arrived.") }
        try await sink.commit()
        ended(true)
    }

    func discard() async {
        await sink.discard()
        ended(false)
    }
}
