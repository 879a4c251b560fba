private import Synchronization

/// Something else that a board's words come from, beside its line.
package protocol ChannelInput: AnyObject, Sendable {
    /// As ``BoardChannel/read(timeout:)``.
    func read(timeout: Duration?) async throws -> ChannelRead
}

/// A line that a board is typed to, together with another input by which its answers may come: a console over the
/// network. Without one it is the line itself.
///
/// Bytes of one source keep their order. Between two sources there is none: who reads must not depend on it.
package final class MergedChannel: BoardChannel {
    private let line: any BoardChannel
    private let other = Mutex<(any ChannelInput)?>(nil)

    package init(_ line: any BoardChannel) {
        self.line = line
    }

    package var traits: ChannelTraits { line.traits }
    package var time: Duration { line.time }

    /// Listens to this as well from now on, in place of what was attached before; nil listens to the line alone.
    package func attach(_ input: (any ChannelInput)?) {
        other.withLock { $0 = input }
    }

    package func write(_ bytes: [UInt8], isSecret: Bool) async throws {
        try await line.write(bytes, isSecret: isSecret)
    }

    package func markBulk(_ isBulk: Bool) { line.markBulk(isBulk) }

    package var lineRate: Int? { line.lineRate }

    package func setLineRate(_ rate: Int) async throws { try await line.setLineRate(rate) }

    package func read(timeout: Duration?) async throws -> ChannelRead {
        while let input = other.withLock({ $0 }) {
            let (ofLine, ofInput) = try await Self.either(line, input, timeout)
            // What ended has nothing more to say; the line goes on.
            if ofInput == .closed {
                other.withLock { if $0 === input { $0 = nil } }
                if ofLine == .timedOut { continue }
            }
            if case .bytes(let bytes) = ofInput {
                guard case .bytes(let more) = ofLine else { return ofInput }
                return .bytes(bytes + more)
            }
            return ofLine
        }
        return try await line.read(timeout: timeout)
    }

    /// Waits for the first that says something. What both said at once is not lost.
    private static func either(
        _ line: any BoardChannel, _ input: any ChannelInput, _ timeout: Duration?
    ) async throws -> (line: ChannelRead, input: ChannelRead) {
        let result = try await withThrowingTaskGroup(of: (isLine: Bool, read: ChannelRead).self) { group in
            group.addTask { (true, try await unlessGivenUp { try await line.read(timeout: timeout) }) }
            group.addTask { (false, try await unlessGivenUp { try await input.read(timeout: timeout) }) }
            var ofLine = ChannelRead.timedOut
            var ofInput = ChannelRead.timedOut
            for try await (isLine, read) in group {
                if isLine { ofLine = read } else { ofInput = read }
                // The other one is not waited for; what it has in its hands already still comes.
                if read != .timedOut { group.cancelAll() }
            }
            return (line: ofLine, input: ofInput)
        }
        if result.line == .timedOut, result.input == .timedOut { try Task.checkCancellation() }
        return result
    }

    private static func unlessGivenUp(_ read: () async throws -> ChannelRead) async throws -> ChannelRead {
        do {
            return try await read()
        } catch is CancellationError {
            return .timedOut
        }
    }
}
