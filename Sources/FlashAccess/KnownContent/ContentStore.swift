private import FlashModel
private import Synchronization

/// A source of known bytes: an image of an earlier backup, a firmware file.
package protocol ContentSource: Sendable {
    /// The size in bytes.
    var size: Int { get }

    /// Reads a part; fewer bytes than requested only at the end.
    ///
    /// - Throws: the errors of reading.
    func read(offset: Int, count: Int) throws -> [UInt8]
}

/// Known content that need not cross a slow line again: the given sources, and everything read from the board so far.
/// It lasts for all connections to a board.
package final class ContentStore: Sendable {
    private struct State {
        /// The content by each checksum that was asked for; CRC-32 always.
        var known: [ContentChecksum: KnownContent] = [.crc32: KnownContent()]
        var sources: [any ContentSource] = []
        /// The bytes transferred so far, one after another, each starting at a multiple of the step.
        var own: [UInt8] = []

        mutating func add(_ bytes: [UInt8], source: Int, offset: Int) {
            for checksum in Array(known.keys) {
                known[checksum]?.add(checksum.indexed(bytes), source: source, offset: offset)
            }
        }
    }

    /// The most transferred bytes that are kept. A serial line carries less in a day.
    private static let ownLimit = 64 << 20
    /// The source number of transferred bytes.
    private static let ownSource = -1

    private let state = Mutex(State())

    package init() {}

    /// Adds a source, all of it.
    ///
    /// - Throws: the errors of reading it; `CancellationError`.
    package func add(_ source: any ContentSource) throws {
        let number = state.withLock { state in
            state.sources.append(source)
            return state.sources.count - 1
        }
        var offset = 0
        while offset < source.size {
            try Task.checkCancellation()
            let bytes = try source.read(offset: offset, count: min(1 << 20, source.size - offset))
            guard !bytes.isEmpty else { return }
            state.withLock { $0.add(bytes, source: number, offset: offset) }
            offset += bytes.count
        }
    }

    /// Makes everything findable by another checksum, which takes as long as adding the sources did.
    ///
    /// - Throws: the errors of reading them; `CancellationError`.
    package func index(by checksum: ContentChecksum) throws {
        let (isIndexed, sources) = state.withLock { ($0.known[checksum] != nil, $0.sources) }
        guard !isIndexed else { return }
        var known = KnownContent()
        for (number, source) in sources.enumerated() {
            var offset = 0
            while offset < source.size {
                try Task.checkCancellation()
                let bytes = try source.read(offset: offset, count: min(1 << 20, source.size - offset))
                guard !bytes.isEmpty else { break }
                known.add(checksum.indexed(bytes), source: number, offset: offset)
                offset += bytes.count
            }
        }
        state.withLock { state in
            known.add(checksum.indexed(state.own), source: Self.ownSource, offset: 0)
            state.known[checksum] = known
        }
    }

    /// Keeps transferred bytes, which may occur again.
    package func remember(_ bytes: [UInt8]) {
        state.withLock { state in
            guard state.own.count + bytes.count + KnownContent.step <= Self.ownLimit else { return }
            let gap = (KnownContent.step - state.own.count % KnownContent.step) % KnownContent.step
            state.own += [UInt8](repeating: 0, count: gap)
            state.add(bytes, source: Self.ownSource, offset: state.own.count)
            state.own += bytes
        }
    }

    /// Returns a plan's next step.
    ///
    /// - Parameter checksum: what the plan's checksums are; content is found if it is indexed by that.
    package func next(_ plan: inout ChunkPlan, by checksum: ContentChecksum = .crc32) -> ChunkPlan.Step? {
        state.withLock { plan.next(&$0.known[checksum, default: KnownContent()]) }
    }

    /// The bytes of the first candidate that has both checksums; nil if none has, because a file has changed.
    package func bytes(
        of candidates: [KnownContent.Candidate], count: Int, sum: UInt32, half: UInt32,
        by checksum: ContentChecksum = .crc32
    ) -> [UInt8]? {
        for candidate in candidates {
            guard let bytes = bytes(of: candidate, count: count), bytes.count == count,
                checksum.key(of: bytes) == sum, checksum.key(of: bytes[..<(count / 2)]) == half
            else { continue }
            return bytes
        }
        return nil
    }

    private func bytes(of candidate: KnownContent.Candidate, count: Int) -> [UInt8]? {
        switch candidate {
        case .repeated(let byte): return [UInt8](repeating: byte, count: count)
        case .stored(Self.ownSource, let offset):
            return state.withLock { state in
                guard offset >= 0, count >= 0, offset <= state.own.count - count else { return nil }
                return Array(state.own[offset..<(offset + count)])
            }
        case .stored(let number, let offset):
            let source = state.withLock { state in
                state.sources.indices.contains(number) ? state.sources[number] : nil
            }
            return try? source?.read(offset: offset, count: count)
        }
    }
}
