private import BoardChannels
package import BoardConsoles
package import FlashModel
private import Transfers

/// The flash of a board that runs Linux, through a shell.
///
/// Everything is read through the character devices, which return the bytes of a bad or damaged block instead of
/// failing; what the ECC did is learned from its counters (Linux `drivers/mtd/mtdchar.c`, `drivers/mtd/mtdcore.c`).
package final class LinuxFlashAccess: FlashSurveying, FlashReading, FlashChecksumming {
    private let shell: ShellSession
    private let root: String
    private let toolbox: LinuxToolbox
    private let nodes: DeviceNodes
    private let plan: TransferPlan
    private var definedOOB = false

    /// How frames cross on this line.
    private struct TransferPlan {
        var encoding: InlineEncoding
        /// Checksum of each frame; nil where the line needs none, or the encoding brings its own.
        var checksum: ChecksumAlgorithm?
        /// Whether each frame must be read until two copies are equal: a bad line, and nothing to check with.
        var readsTwice: Bool
        var isReliable: Bool
        /// Bytes of a frame, and of all frames of one command.
        var frameSize: Int
        var batchSize: Int
    }

    /// What the transfer is, for people: `raw`, `gzip`, `gzip+base64 with md5 frames`.
    package var transferName: String {
        plan.encoding.name + (plan.checksum.map { ", frames checked with \($0.rawValue)" } ?? "")
    }

    /// How often a frame was read again.
    private var repeatedFrames = 0

    /// How often a frame or a command had to be asked for again.
    package var retries: Int { repeatedFrames + shell.retries }

    /// Command lines that do by hand what was done here.
    package var commands: [String] {
        let dd = toolbox.invocation("dd")
        let sum = checksumAlgorithms.first.flatMap { toolbox.command(for: $0) }
        return ["\(dd) if=/dev/mtdNro bs=ERASEBLOCK skip=K count=1\(plan.encoding.pipe(toolbox.invocation))"]
            + (sum.map { ["\(dd) if=/dev/mtdNro bs=ERASEBLOCK | \($0)"] } ?? [])
            + (definedOOB ? ["nanddump --bb=dumpbad --oob -s OFFSET -l LENGTH /dev/mtdN"] : [])
    }

    private init(
        shell: ShellSession, root: String, toolbox: LinuxToolbox, plan: TransferPlan
    ) {
        self.shell = shell
        self.root = root
        self.toolbox = toolbox
        self.plan = plan
        nodes = DeviceNodes(shell: shell, root: root, canMake: toolbox.has("mknod"))
    }

    /// Runs the body with access to the board behind a shell; what was made on the board for it is removed again.
    ///
    /// - Parameter root: a prefix of all paths, for tests: a folder that looks like a board.
    /// - Throws: ``FlashkeepError`` with `toolMissing` where the board has not even `dd`.
    package static func withAccess<Result: Sendable>(
        _ shell: ShellSession, root: String = "", body: (LinuxFlashAccess) async throws -> Result
    ) async throws -> Result {
        let toolbox = LinuxToolbox(probeOutput: try await shell.run(LinuxToolbox.probe).text)
        guard toolbox.has("dd") else {
            throw FlashkeepError(
                .toolMissing, what: "The board has no dd.", why: "Flash is read block by block, which needs it.",
                next: "Back up from the bootloader, or start an initramfs that has busybox with dd.")
        }
        let plan = try await choosePlan(shell, toolbox)
        let access = LinuxFlashAccess(shell: shell, root: root, toolbox: toolbox, plan: plan)
        try await shell.define(
            LinuxReadScript.frames(
                name: "fkread", word: shell.dialect.typedWord, source: .data, encoding: plan.encoding,
                toolbox: toolbox, checksum: plan.checksum.flatMap { toolbox.command(for: $0) },
                isDoubled: !plan.isReliable))
        try await shell.define(LinuxReadScript.ranges(toolbox: toolbox))
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(access))
        } catch {
            result = .failure(error)
        }
        if case .success = result { await access.nodes.removeAll() }
        return try result.get()
    }

    // MARK: Survey

    package func survey() async throws -> (survey: Survey, evidence: [Evidence]) {
        var replies: [String: LinuxProbeReply] = [:]
        var evidence: [Evidence] = []
        for probe in LinuxProbes.all(root: root) {
            let reply = try await shell.run(probe.command)
            replies[probe.name] = LinuxProbeReply(output: reply.output, exitStatus: reply.status)
            if !reply.output.isEmpty { evidence.append(Evidence(name: probe.name, bytes: reply.output)) }
        }
        // A folder that looks like a board can be read by anybody; a board only by root.
        if root.isEmpty, let user = LinuxSurvey.userID(replies: replies), user != 0 { throw notRoot(user) }
        return (try LinuxSurvey.assemble(replies: replies), evidence)
    }

    private func notRoot(_ user: Int) -> FlashkeepError {
        FlashkeepError(
            .notRoot, what: "The user that we are on \(shell.console.channel.traits.address) cannot read flash.",
            why:
                "Its number is \(user); only root, number 0, may open the MTD devices. Flashkeep does not use sudo or su.",
            next: "Log in as root: root@HOST, or ?user=root on a serial line.")
    }

    // MARK: The way over the line

    /// Chooses the cheapest encoding that a pattern of all byte values survives.
    private static func choosePlan(_ shell: ShellSession, _ toolbox: LinuxToolbox) async throws -> TransferPlan {
        let traits = shell.console.channel.traits
        if traits.isReliable && shell.line == .clean {
            return TransferPlan(
                encoding: .raw, checksum: nil, readsTwice: false, isReliable: true, frameSize: 4 << 20,
                batchSize: 64 << 20)
        }
        let hasGzip = toolbox.has("gzip")
        let texts = InlineEncoding.TextForm.allCases.filter { toolbox.has($0.rawValue) }
        var candidates: [InlineEncoding] = []
        if traits.isSlow && hasGzip { candidates.append(InlineEncoding(isCompressed: true, text: nil)) }
        candidates.append(.raw)
        for text in texts {
            if traits.isSlow && hasGzip { candidates.append(InlineEncoding(isCompressed: true, text: text)) }
            candidates.append(InlineEncoding(isCompressed: false, text: text))
        }
        // A line that has not passed the test with anything is still used: each frame must then prove itself.
        var chosen = candidates.last ?? .raw
        for candidate in candidates where try await survives(shell, toolbox, candidate) {
            chosen = candidate
            break
        }
        // The quickest that is good enough to catch a damaged frame; gzip brings its own CRC-32.
        let checksum: ChecksumAlgorithm? =
            chosen.isCompressed ? nil : [.md5, .cksum, .sha1, .sha256].first { toolbox.command(for: $0) != nil }
        return TransferPlan(
            encoding: chosen, checksum: checksum, readsTwice: checksum == nil && !chosen.isCompressed,
            isReliable: false, frameSize: traits.isSlow ? 64 << 10 : 256 << 10,
            batchSize: traits.isSlow ? 256 << 10 : 4 << 20)
    }

    /// Whether all 256 byte values, and pairs that terminals and telnet servers are known to change, come through.
    private static func survives(
        _ shell: ShellSession, _ toolbox: LinuxToolbox, _ encoding: InlineEncoding
    ) async throws -> Bool {
        guard toolbox.has("printf") else { return encoding.text != nil || shell.line == .clean }
        let pattern = (0...255).map { UInt8($0) } + [0x0D, 0x00, 0x0D, 0x0A, 0x0A, 0x0D, 0xFF, 0xFF, 0x11, 0x13, 0x03]
        // In pieces: a line may hold fewer than 1,000 characters.
        var pieces: [String] = []
        for start in stride(from: 0, to: pattern.count, by: 128) {
            let octal = pattern[start..<min(start + 128, pattern.count)].map { byte in
                let digits = String(byte, radix: 8)
                return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
            pieces.append("printf '\(octal.joined())'")
        }
        for (number, piece) in pieces.enumerated() {
            try await shell.define("fkp\(number)(){ \(piece);}")
        }
        let all = pieces.indices.map { "fkp\($0)" }.joined(separator: ";")
        let command = "{ \(all);}\(encoding.pipe(toolbox.invocation))"
        do {
            try await shell.start(command, silence: .seconds(10))
            let (arrived, _) = try await shell.finish(command, silence: .seconds(10))
            let decoded = encoding.decode(arrived, lineEndsAreMapped: shell.line == .mapped, limit: 4_096)
            return decoded == pattern
        } catch let error as FlashkeepError where error.code == .boardSilent || error.code == .replyNotUnderstood {
            try await shell.interrupt()
            return false
        }
    }

    // MARK: Reading

    package func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let block = max(1, partition.eraseBlockSize)
        for range in ranges where !range.isEmpty {
            // Whole erase blocks are asked for; what a range does not want of them is cut off here.
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, start - start % block + plan.batchSize)
                try await readBatch(partition, start..<end, source: .data, each: each)
                start = end
            }
        }
    }

    package var readsOOB: Bool { toolbox.has("nanddump") && !toolbox.invocation("nanddump").hasPrefix("busybox") }

    package func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        guard readsOOB, partition.pageSize > 1, partition.oobSize > 0 else { throw noOOB(partition) }
        if !definedOOB {
            try await shell.define(
                LinuxReadScript.frames(
                    name: "fkoob", word: shell.dialect.typedWord, source: .pagesWithOOB, encoding: plan.encoding,
                    toolbox: toolbox, checksum: plan.checksum.flatMap { toolbox.command(for: $0) },
                    isDoubled: !plan.isReliable))
            definedOOB = true
        }
        let block = max(1, partition.eraseBlockSize)
        for range in ranges where !range.isEmpty {
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, start - start % block + plan.batchSize)
                try await readBatch(partition, start..<end, source: .pagesWithOOB, each: each)
                start = end
            }
        }
    }

    private func noOOB(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "The OOB bytes of mtd\(partition.index) cannot be read.",
            why: "It needs a NAND device and the nanddump of mtd-utils on the board.",
            next: "Leave --oob out, or start an initramfs that has mtd-utils.")
    }

    /// A run of blocks that is still to be read.
    private struct Request {
        var first: Int
        var count: Int
        /// Bytes of a block.
        var blockSize: Int
        /// Blocks a frame.
        var group: Int
        /// How often it was asked for because the line damaged it.
        var attempts = 0
        /// Whether it is asked for again because of what the ECC did when it was read in a larger frame.
        var suspicion: BlockState?

        var range: Range<Int> { first * blockSize..<(first + count) * blockSize }
    }

    private func readBatch(
        _ partition: Partition, _ range: Range<Int>, source: LinuxReadScript.Source,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        let block = max(1, partition.eraseBlockSize)
        let first = range.lowerBound / block
        let count = (range.upperBound + block - 1) / block - first
        var waiting = [
            Request(first: first, count: count, blockSize: block, group: max(1, plan.frameSize / block))
        ]
        while let request = waiting.popLast() {
            waiting += try await send(request, partition, wanted: range, source: source, each: each).reversed()
        }
    }

    /// Asks for a run of blocks, hands on what came well, and returns what must be asked for again, and how.
    private func send(
        _ request: Request, _ partition: Partition, wanted: Range<Int>, source: LinuxReadScript.Source,
        each: (FlashChunk) async throws -> Void
    ) async throws -> [Request] {
        let node = try await nodes.node(for: partition.index, forTools: source == .pagesWithOOB)
        let counters = partition.chipHasCounters ? "\(root)/sys/class/mtd/mtd\(partition.index)" : "-"
        let function = source == .data ? "fkread" : "fkoob"
        let counterFolder = ShellDialect.quote(counters)
        // The folder is asked for in the same breath: without the counters' files the numbers would be empty.
        let command =
            "C=\(counterFolder);[ -r $C/ecc_failures ]&&[ -r $C/corrected_bits ]||C=-;"
            + "\(function) \(ShellDialect.quote(node)) \(request.blockSize) \(request.first) \(request.count) "
            + "\(request.group) $C"
        let encoding = plan.encoding
        let unit = arrivingUnit(request.blockSize, partition, source)
        let deviceEnd = (partition.size / request.blockSize) * unit + partition.size % request.blockSize
        let isPlain = encoding == .raw && shell.line == .clean
        let lastBlock = request.first + request.count
        var parser = InlineFrameParser(
            word: shell.dialect.word, isDoubled: !plan.isReliable,
            payloadLimit: encoding.arrivalLimit(for: request.group * unit),
            expected: { count in isPlain && lastBlock * unit <= deviceEnd ? count * unit : nil })

        var missing = BlockRuns(request.first..<request.first + request.count)
        var again: [Request] = []
        var earlier: [Int: [UInt8]] = [:]
        shell.console.channel.markBulk(true)
        defer { shell.console.channel.markBulk(false) }
        do {
            for _ in 0..<(plan.readsTwice ? 2 : 1) {
                try await shell.start(command)
                var isDone = false
                while !isDone {
                    guard let bytes = try await shell.console.bytes(within: .seconds(30)) else {
                        throw stalled(partition)
                    }
                    for event in parser.feed(bytes) {
                        switch event {
                        case .done: isDone = true
                        case .damaged: break
                        case .frame(let frame):
                            guard
                                let chunk = decoded(frame, request, partition, source: source),
                                missing.contains(frame.first..<frame.first + frame.count)
                            else { continue }
                            if plan.readsTwice {
                                guard earlier[frame.first] == chunk else {
                                    earlier[frame.first] = chunk
                                    continue
                                }
                            }
                            missing.remove(frame.first..<frame.first + frame.count)
                            again += try await judge(
                                frame, chunk, request, partition, wanted: wanted, source: source, each: each)
                        }
                    }
                }
                shell.console.putBack(parser.takeRest())
                try await shell.finish(command)
            }
        } catch let error as FlashkeepError
            where (error.code == .boardSilent || error.code == .replyNotUnderstood) && !plan.isReliable
        {
            try await shell.interrupt()
        }
        for run in missing.runs {
            repeatedFrames += 1
            again.append(try await retry(run, of: request, partition, wanted: wanted, each: each))
        }
        return again.filter { $0.count > 0 }
    }

    /// Bytes that arrive for a block.
    private func arrivingUnit(_ blockSize: Int, _ partition: Partition, _ source: LinuxReadScript.Source) -> Int {
        guard source == .pagesWithOOB, partition.pageSize > 0 else { return blockSize }
        return blockSize / partition.pageSize * (partition.pageSize + partition.oobSize)
    }

    /// The bytes of a frame, if it came through the line undamaged.
    private func decoded(
        _ frame: InlineFrame, _ request: Request, _ partition: Partition, source: LinuxReadScript.Source
    ) -> [UInt8]? {
        let limit = frame.count * arrivingUnit(request.blockSize, partition, source)
        guard
            let bytes = plan.encoding.decode(
                frame.payload, lineEndsAreMapped: shell.line == .mapped, limit: limit)
        else { return nil }
        if let algorithm = plan.checksum {
            guard let digest = LinuxToolbox.digest(frame.checksum, algorithm),
                StreamingChecksum.digest(of: bytes, algorithm) == digest
            else { return nil }
        }
        return bytes
    }

    /// Looks at what the board says of a frame that arrived well: hands it on, or returns what to ask for instead.
    private func judge(
        _ frame: InlineFrame, _ bytes: [UInt8], _ request: Request, _ partition: Partition, wanted: Range<Int>,
        source: LinuxReadScript.Source, each: (FlashChunk) async throws -> Void
    ) async throws -> [Request] {
        let unit = arrivingUnit(request.blockSize, partition, source)
        let start = frame.first * request.blockSize
        let plainEnd = min((frame.first + frame.count) * request.blockSize, partition.size)
        let expected =
            source == .data ? plainEnd - start : frame.count * unit
        guard bytes.count == expected else {
            return try await readError(frame, request, partition, got: bytes, wanted: wanted, each: each)
        }
        let state = Self.eccState(frame)
        if let state, frame.count > 1 {
            // Which of the blocks was it? Each alone tells.
            return (frame.first..<frame.first + frame.count).map {
                Request(first: $0, count: 1, blockSize: request.blockSize, group: 1, suspicion: state)
            }
        }
        var findings: [BlockFinding] = []
        let size = plainEnd - start
        if let state {
            findings.append(
                BlockFinding(offset: start, size: size, state: state, detail: Self.eccDetail(frame, state)))
        }
        let chunk = FlashChunk(offset: start, bytes: bytes, findings: findings)
        try await each(source == .data ? Self.cut(chunk, to: wanted) : chunk.scaled(request.blockSize, to: unit))
        return []
    }

    /// What the counters say happened between their two samples.
    private static func eccState(_ frame: InlineFrame) -> BlockState? {
        guard let before = frame.before, let after = frame.after else { return nil }
        if after.failures != before.failures { return .eccFailed }
        return after.corrected != before.corrected ? .eccCorrected : nil
    }

    private static func eccDetail(_ frame: InlineFrame, _ state: BlockState) -> String? {
        guard let before = frame.before, let after = frame.after else { return nil }
        switch state {
        case .eccFailed: return "\(after.failures - before.failures) ECC steps could not be repaired"
        default: return "\(after.corrected - before.corrected) flipped bits were repaired"
        }
    }

    /// The board's reader gave fewer bytes than asked for: smaller pieces tell where.
    private func readError(
        _ frame: InlineFrame, _ request: Request, _ partition: Partition, got: [UInt8], wanted: Range<Int>,
        each: (FlashChunk) async throws -> Void
    ) async throws -> [Request] {
        if got.isEmpty { try await checkStillThere(partition) }
        if frame.count > 1 {
            return (frame.first..<frame.first + frame.count).map {
                Request(first: $0, count: 1, blockSize: request.blockSize, group: 1, suspicion: request.suspicion)
            }
        }
        let smaller = [max(partition.pageSize, 2_048), 512].first {
            $0 < request.blockSize && request.blockSize % $0 == 0
        }
        if let smaller {
            let factor = request.blockSize / smaller
            let end = min((frame.first + 1) * request.blockSize, partition.size)
            let count = (end - frame.first * request.blockSize + smaller - 1) / smaller
            return [Request(first: frame.first * factor, count: count, blockSize: smaller, group: 1)]
        }
        try await giveUp(
            frame.first * request.blockSize..<min((frame.first + 1) * request.blockSize, partition.size), partition,
            wanted: wanted, detail: "the board reported a read error", each: each)
        return []
    }

    /// Throws where the partition is gone: that is not a read error of single blocks.
    private func checkStillThere(_ partition: Partition) async throws {
        let table = try await shell.run("cat \(ShellDialect.quote("\(root)/proc/mtd"))")
        let isThere = table.text.split(separator: "\n").contains { $0.hasPrefix("mtd\(partition.index):") }
        guard isThere else {
            throw FlashkeepError(
                .partitionVanished,
                what:
                    "mtd\(partition.index) \"\(PrintableText.escaped(partition.name, limit: 40))\" vanished while it was read.",
                why: "It is no longer in the board's /proc/mtd: a driver was unloaded, or UBI detached.",
                next: "Run the same command again when it is back: it goes on where it was.")
        }
    }

    /// Bytes that cannot be had: 0xFF, and named.
    private func giveUp(
        _ range: Range<Int>, _ partition: Partition, wanted: Range<Int>, detail: String,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        let finding = BlockFinding(offset: range.lowerBound, size: range.count, state: .unread, detail: detail)
        let chunk = FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: range.count), findings: [finding])
        try await each(Self.cut(chunk, to: wanted))
    }

    /// What the line damaged is asked for again, in smaller frames; a line that never lets a block through ends it.
    private func retry(
        _ run: Range<Int>, of request: Request, _ partition: Partition, wanted: Range<Int>,
        each: (FlashChunk) async throws -> Void
    ) async throws -> Request {
        var next = Request(
            first: run.lowerBound, count: run.count, blockSize: request.blockSize,
            group: max(1, request.group / 2), attempts: request.attempts + 1, suspicion: request.suspicion)
        guard next.attempts > 6 else { return next }
        let smaller = max(512, min(partition.pageSize, 4_096))
        if request.blockSize > smaller, request.blockSize % smaller == 0, next.attempts <= 12 {
            let factor = request.blockSize / smaller
            next.first *= factor
            next.count *= factor
            next.blockSize = smaller
            next.group = 4
            return next
        }
        if next.attempts <= 20 { return next }
        throw FlashkeepError(
            .boardSilent, what: "The line to \(shell.console.channel.traits.address) is too bad to read from.",
            why: "Offset \(ByteCount.hex(next.range.lowerBound)) of mtd\(partition.index) arrived damaged "
                + "\(next.attempts) times.",
            next: "Check the ground wire, use a shorter cable or a lower baud rate, then run the command again.")
    }

    private func stalled(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "\(shell.console.channel.traits.address) stopped sending mtd\(partition.index).",
            why: "Nothing came for 30 seconds.",
            next: "Check power, cable and network, then run the same command again: it goes on where it was.")
    }

    /// The part of a chunk that was asked for.
    private static func cut(_ chunk: FlashChunk, to wanted: Range<Int>) -> FlashChunk {
        let range = chunk.range.clamped(to: wanted)
        guard range != chunk.range else { return chunk }
        return FlashChunk(
            offset: range.lowerBound,
            bytes: Array(chunk.bytes[(range.lowerBound - chunk.offset)..<(range.upperBound - chunk.offset)]),
            findings: chunk.findings)
    }

    // MARK: Checksums

    package var checksumAlgorithms: [ChecksumAlgorithm] { toolbox.checksumAlgorithms }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await nodes.node(for: partition.index)
        let (size, pairs) = LinuxReadScript.units(
            of: ranges, end: partition.size, preferred: max(1, partition.eraseBlockSize))
        try await tell(pairs)
        let bytes = ranges.reduce(0) { $0 + $1.count }
        let command = "fkcat \(ShellDialect.quote(node)) \(size) $A|\(tool)"
        let reply = try await shell.run(command, silence: .seconds(60 + bytes / 500_000))
        guard let digest = LinuxToolbox.digest(reply.text, algorithm) else {
            try await checkStillThere(partition)
            throw notADigest(algorithm, partition, reply)
        }
        return digest
    }

    package func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await nodes.node(for: partition.index)
        var digests: [Digest] = []
        for start in stride(from: 0, to: ranges.count, by: 64) {
            let some = Array(ranges[start..<min(start + 64, ranges.count)])
            let (size, pairs) = LinuxReadScript.units(
                of: some, end: partition.size, preferred: max(1, partition.eraseBlockSize))
            try await tell(pairs)
            let reply = try await shell.run(
                "fksums \(ShellDialect.quote(tool)) \(ShellDialect.quote(node)) \(size) $A", silence: .seconds(120))
            let found = reply.text.split(separator: "\n").compactMap { LinuxToolbox.digest($0, algorithm) }
            guard found.count == some.count else { throw notADigest(algorithm, partition, reply) }
            digests += found
        }
        return digests
    }

    /// Puts `SKIP COUNT` pairs into the shell's variable A, in lines that every shell takes.
    private func tell(_ pairs: [(skip: Int, count: Int)]) async throws {
        _ = try await shell.run("A=")
        for start in stride(from: 0, to: pairs.count, by: 40) {
            let words = pairs[start..<min(start + 40, pairs.count)].map { "\($0.skip) \($0.count)" }
            _ = try await shell.run("A=\"$A \(words.joined(separator: " "))\"")
        }
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
            .replyNotUnderstood, what: "The board gave no \(algorithm.rawValue) of mtd\(partition.index).",
            why: "It printed: \(TerminalText.lastLines(reply.output, count: 1))",
            next: "Run the command again; if it stays so, use --proof none.")
    }
}

extension FlashChunk {
    /// The same chunk with positions in a device whose blocks arrive with more bytes than they have on flash.
    fileprivate func scaled(_ block: Int, to unit: Int) -> FlashChunk {
        guard block > 0 else { return self }
        return FlashChunk(
            offset: offset / block * unit, bytes: bytes,
            findings: findings.map {
                BlockFinding(
                    offset: $0.offset / block * unit, size: $0.size / block * unit, state: $0.state, detail: $0.detail)
            })
    }
}

extension Partition {
    /// Whether the kernel counts what the ECC does: only NAND has ECC.
    fileprivate var chipHasCounters: Bool { pageSize > 1 || type.contains("nand") }
}
