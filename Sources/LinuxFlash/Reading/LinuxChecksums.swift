internal import BoardConsoles
internal import FlashModel

/// Checksums that the board's own tools compute over its flash.
final class LinuxChecksums {
    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let toolbox: LinuxToolbox
    /// Whether the board's output arrives undamaged.
    private let isReliable: Bool
    private var isTaught = false

    init(_ shell: ShellSession, _ nodes: DeviceNodes, _ toolbox: LinuxToolbox, isReliable: Bool) {
        self.shell = shell
        self.nodes = nodes
        self.toolbox = toolbox
        self.isReliable = isReliable
    }

    /// Computes one checksum over the concatenated bytes of all ranges.
    ///
    /// - Throws: `toolMissing`, `partitionVanished`, `replyNotUnderstood`, `boardLost` and others.
    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await nodes.node(for: partition)
        try await teach()
        let (size, pairs) = LinuxReadScript.units(
            of: ranges, end: partition.size, preferred: max(1, partition.eraseBlockSize))
        let bytes = ranges.reduce(0) { $0 + $1.count }
        let command = "fkcat \(ShellWord.quoted(node)) \(size) \(try await arguments(pairs))|\(tool)"
        let digests = try await digests(
            command, algorithm, count: 1, partition, silence: shell.silence * 2 + .seconds(bytes / 500_000))
        return digests[0]
    }

    /// Computes one checksum for each range.
    ///
    /// - Throws: as ``checksum(_:of:ranges:)``.
    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await nodes.node(for: partition)
        try await teach()
        var digests: [Digest] = []
        for start in stride(from: 0, to: ranges.count, by: 64) {
            let some = Array(ranges[start..<min(start + 64, ranges.count)])
            let (size, pairs) = LinuxReadScript.units(
                of: some, end: partition.size, preferred: max(1, partition.eraseBlockSize))
            let arguments = try await arguments(pairs)
            digests += try await self.digests(
                "fksums \(ShellWord.quoted(tool)) \(ShellWord.quoted(node)) \(size) \(arguments)", algorithm,
                count: some.count, partition, silence: shell.silence * 4)
        }
        return digests
    }

    /// Defines the shell functions that compute checksums, once.
    private func teach() async throws {
        guard !isTaught else { return }
        try await shell.define("fkcat", LinuxReadScript.ranges(toolbox: toolbox))
        isTaught = true
    }

    /// Has the board compute checksums, and repeats that if they arrive malformed. Comparing them with the bytes is the
    /// proof.
    private func digests(
        _ command: String, _ algorithm: ChecksumAlgorithm, count: Int, _ partition: Partition, silence: Duration
    ) async throws -> [Digest] {
        var attempts = isReliable ? 1 : 5
        while true {
            let reply = try await shell.run(command, silence: silence, isProvenElsewhere: true)
            let found = reply.text.split(separator: "\n").compactMap { LinuxToolbox.digest($0, algorithm) }
            if found.count == count { return found }
            attempts -= 1
            guard attempts == 0 else { continue }
            try await nodes.checkStillThere(partition)
            throw notADigest(algorithm, partition, reply)
        }
    }

    /// The arguments for `SKIP COUNT` pairs: the pairs themselves if they are few; otherwise the shell variable A,
    /// which then holds them in lines short enough for every shell.
    private func arguments(_ pairs: [(skip: Int, count: Int)]) async throws -> String {
        if isReliable, pairs.count <= 8 { return Self.words(pairs[...]) }
        let lines = stride(from: 0, to: pairs.count, by: 16).map { start in
            Self.words(pairs[start..<min(start + 16, pairs.count)])
        }
        try await shell.define("A", "A='\(lines.joined(separator: "\n"))'")
        return "$A"
    }

    private static func words(_ pairs: ArraySlice<(skip: Int, count: Int)>) -> String {
        pairs.map { "\($0.skip) \($0.count)" }.joined(separator: " ")
    }

    private func noTool(_ algorithm: ChecksumAlgorithm) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "The board cannot compute \(algorithm.rawValue).", why: "It has no tool for it.",
            next: "Use another of its checksums.")
    }

    private func notADigest(_ algorithm: ChecksumAlgorithm, _ partition: Partition, _ reply: ShellReply)
        -> FlashkeepError
    {
        FlashkeepError(
            .replyNotUnderstood, what: "The board did not report the \(algorithm.rawValue) of mtd\(partition.index).",
            why: "It printed: \(TerminalText.lastLines(reply.output, count: 1))",
            next: "Run the command again; if it fails again, use --proof none.")
    }
}
