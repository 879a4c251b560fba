private import Synchronization

/// A second source of a board's output, besides its line.
package protocol ChannelInput: AnyObject, Sendable {
    /// As ``BoardChannel/read(timeout:)``.
    func read(timeout: Duration?) async throws -> ChannelRead
}

/// A line for input to the board, combined with another source of its output: a console over the network. Without one
/// it is the line itself.
///
/// The bytes of each source keep their order. There is no order between the sources, and the reader must not depend on
/// one.
package final class MergedChannel: BoardChannel {
    private let line: any BoardChannel
    private let other = Mutex<(any ChannelInput)?>(nil)

    package init(_ line: any BoardChannel) {
        self.line = line
    }

    package var traits: ChannelTraits { line.traits }
    package var time: Duration { line.time }
    package var enterKey: String { line.enterKey }
    package var networkEnds: NetworkEnds? { line.networkEnds }

    /// Adds this source, replacing the one attached before; nil leaves only the line.
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
            // A closed source is dropped; the line continues.
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

    /// Waits for the first source that delivers. If both deliver at once, nothing is lost.
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
                // The other read is cancelled, but bytes that it already has are still returned.
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
