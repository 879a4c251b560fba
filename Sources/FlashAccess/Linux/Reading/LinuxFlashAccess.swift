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
    /// The sysfs folders that have ECC counters; nil in place of those that have none.
    private var counterFolders: [Int: String?] = [:]
    /// Bytes of a frame that this line lets through; less than planned where it damages many.
    private var frameSize: Int

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
        let read = "\(dd) if=/dev/mtdNro bs=ERASEBLOCK skip=K count=1"
        return [plan.encoding.command(read, toolbox.invocation)]
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
        frameSize = plan.frameSize
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
        let plan = try await TransferPlan.choose(shell, toolbox)
        let access = LinuxFlashAccess(shell: shell, root: root, toolbox: toolbox, plan: plan)
        try await shell.define(
            "fkread",
            LinuxReadScript.frames(
                name: "fkread", word: shell.dialect.typedWord, source: .data, encoding: plan.encoding,
                toolbox: toolbox, checksum: plan.checksum.flatMap { toolbox.command(for: $0) },
                isDoubled: !plan.isReliable))
        try await shell.define("fkcat", LinuxReadScript.ranges(toolbox: toolbox))
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
        var lost: [String] = []
        for probe in LinuxProbes.all(root: root) {
            let reply: ShellReply
            do {
                reply = try await shell.run(probe.command, mayGrow: LinuxProbes.growing.contains(probe.name))
            } catch let error as FlashkeepError
                where error.code == .replyNotUnderstood && !LinuxProbes.indispensable.contains(probe.name)
            {
                // Less is known then, and nothing wrong.
                lost.append(probe.name)
                continue
            }
            replies[probe.name] = LinuxProbeReply(output: reply.output, exitStatus: reply.status)
            if !reply.output.isEmpty { evidence.append(Evidence(name: probe.name, bytes: reply.output)) }
        }
        // A folder that looks like a board can be read by anybody; a board only by root.
        if root.isEmpty, let user = LinuxSurvey.userID(replies: replies), user != 0 { throw notRoot(user) }
        var survey = try LinuxSurvey.assemble(replies: replies)
        if let maps = try await mapsOfMissingNodes(survey) {
            replies[LinuxProbes.blockMaps, default: LinuxProbeReply(output: [], exitStatus: 0)].output += maps
            evidence.append(Evidence(name: "own-nodes-\(LinuxProbes.blockMaps)", bytes: maps))
            survey = try LinuxSurvey.assemble(replies: replies)
        }
        survey.warnings += lost.map { "the board's reply for \($0) never came through the same twice and is left out" }
        return (survey, evidence)
    }

    /// What mtdinfo says of bad blocks where the board has it and not the nodes that it needs; nil where nothing more
    /// can be had.
    private func mapsOfMissingNodes(_ survey: Survey) async throws -> [UInt8]? {
        guard toolbox.has("mtdinfo") else { return nil }
        var maps: [UInt8] = []
        for partition in survey.partitions where partition.badBlocks?.isComplete == false {
            do {
                let node = try await nodes.node(for: partition.index, forTools: true)
                let name = "mtd\(partition.index)"
                let reply = try await shell.run(
                    "echo '== \(name)';\(toolbox.invocation("mtdinfo")) -M \(ShellDialect.quote(node))")
                if reply.status == 0 { maps += reply.output }
            } catch let error as FlashkeepError where error.code == .unreadable || error.code == .replyNotUnderstood {
                // It stays unknown, and is said to be.
                continue
            }
        }
        return maps.isEmpty ? nil : maps
    }

    private func notRoot(_ user: Int) -> FlashkeepError {
        FlashkeepError(
            .notRoot, what: "The user that we are on \(shell.console.channel.traits.address) cannot read flash.",
            why:
                "Its number is \(user); only root, number 0, may open the MTD devices. Flashkeep does not use sudo or su.",
            next: "Log in as root: root@HOST, telnet://root@HOST, or ?user=root on a serial line.")
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
                "fkoob",
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
            Request(first: first, count: count, blockSize: block, group: max(1, frameSize / block))
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
        let node = try await node(for: partition, source)
        let counters = try await counterFolder(of: partition)
        let function = source == .data ? "fkread" : "fkoob"
        let command =
            "\(function) \(ShellDialect.quote(node)) \(request.blockSize) \(request.first) \(request.count) "
            + "\(request.group) \(counters.map { ShellDialect.quote($0) } ?? "-")"
        let origin = "\(node):\(request.blockSize):\(counters ?? "-")"
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
        var unreadable: [Range<Int>] = []
        var gaveNothing = false
        var earlier: [Int: [UInt8]] = [:]
        do {
            for _ in 0..<(plan.readsTwice ? 2 : 1) {
                shell.console.channel.markBulk(true)
                defer { shell.console.channel.markBulk(false) }
                try await shell.start(command)
                var isDone = false
                // A damaged number may have asked for more than there is, without end.
                var allowance = 2 * encoding.arrivalLimit(for: request.count * unit) + request.count * 1_024
                while !isDone {
                    guard allowance > 0, let bytes = try await shell.console.bytes(within: shell.silence) else {
                        throw stalled(partition)
                    }
                    allowance -= bytes.count
                    for event in parser.feed(bytes) {
                        switch event {
                        case .done: isDone = true
                        case .damaged: break
                        case .frame(let frame):
                            let blocks = frame.first..<frame.first + frame.count
                            guard frame.origin == origin, missing.contains(blocks),
                                counters == nil || (frame.before != nil && frame.after != nil),
                                let bytes = decoded(frame, request, partition, source: source)
                            else { continue }
                            if plan.readsTwice {
                                guard earlier[frame.first] == bytes else {
                                    earlier[frame.first] = bytes
                                    continue
                                }
                            }
                            missing.remove(blocks)
                            gaveNothing = gaveNothing || bytes.isEmpty
                            switch judge(frame, bytes, request, partition, source: source) {
                            case .good(let chunk): try await hand(chunk, partition, wanted, source, each)
                            case .again(let request): again.append(request)
                            case .unreadable(let range): unreadable.append(range)
                            }
                        }
                    }
                }
                shell.console.putBack(parser.takeRest())
                try await shell.finish(command)
            }
        } catch let error as FlashkeepError where error.code == .boardSilent && !plan.isReliable {
            try await shell.interrupt()
        }
        // Only now: while frames come, the shell takes no other command.
        if gaveNothing { try await checkStillThere(partition) }
        for range in unreadable {
            try await hand(hole(range, request.blockSize, unit), partition, wanted, source, each)
        }
        adapt(to: missing, of: request, partition)
        for run in missing.runs {
            repeatedFrames += 1
            again.append(try retry(run, of: request, partition, source: source))
        }
        return again
    }

    private func node(for partition: Partition, _ source: LinuxReadScript.Source) async throws -> String {
        do {
            return try await nodes.node(for: partition.index, forTools: source == .pagesWithOOB)
        } catch let error as FlashkeepError where error.code == .unreadable {
            // A device that is gone has no node either.
            try await checkStillThere(partition)
            throw error
        }
    }

    /// Where the ECC counters of a partition are; nil where there are none.
    private func counterFolder(of partition: Partition) async throws -> String? {
        guard partition.chipHasCounters else { return nil }
        if let known = counterFolders[partition.index] { return known }
        let folder = "\(root)/sys/class/mtd/mtd\(partition.index)"
        let quoted = ShellDialect.quote(folder)
        let isThere = try await shell.run("[ -r \(quoted)/ecc_failures ]&&[ -r \(quoted)/corrected_bits ]").status == 0
        counterFolders[partition.index] = .some(isThere ? folder : nil)
        return isThere ? folder : nil
    }

    /// Large frames cost least on a good line, small ones on a bad one.
    private func adapt(to missing: BlockRuns, of request: Request, _ partition: Partition) {
        guard request.blockSize == partition.eraseBlockSize else { return }
        if missing.runs.isEmpty {
            frameSize = min(plan.frameSize, frameSize * 2)
        } else {
            frameSize = max(partition.eraseBlockSize, min(frameSize, request.group * request.blockSize) / 2)
        }
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

    /// What is to be done with a frame that came through the line undamaged.
    private enum Verdict {
        case good(FlashChunk)
        /// It must be asked for in smaller pieces, to find out where something is.
        case again(Request)
        /// Bytes of the partition that cannot be had.
        case unreadable(Range<Int>)
    }

    /// Looks at what the board says of a frame.
    private func judge(
        _ frame: InlineFrame, _ bytes: [UInt8], _ request: Request, _ partition: Partition,
        source: LinuxReadScript.Source
    ) -> Verdict {
        let unit = arrivingUnit(request.blockSize, partition, source)
        let start = frame.first * request.blockSize
        let end = min((frame.first + frame.count) * request.blockSize, partition.size)
        // Each block alone tells which it was.
        let single = Request(first: frame.first, count: frame.count, blockSize: request.blockSize, group: 1)
        guard bytes.count == (source == .data ? end - start : frame.count * unit) else {
            if frame.count > 1 { return .again(single) }
            guard let size = smallerBlock(than: request.blockSize, partition, source) else {
                return .unreadable(start..<end)
            }
            return .again(
                Request(first: start / size, count: (end - start + size - 1) / size, blockSize: size, group: 1))
        }
        let state = Self.eccState(frame)
        if state != nil, frame.count > 1 { return .again(single) }
        let findings = state.map {
            [BlockFinding(offset: start, size: end - start, state: $0, detail: Self.eccDetail(frame, $0))]
        }
        let chunk = FlashChunk(offset: start, bytes: bytes, findings: findings ?? [])
        return .good(source == .data ? chunk : chunk.scaled(request.blockSize, to: unit))
    }

    /// The next smaller piece to ask for where a block cannot be read; nil where there is none.
    private func smallerBlock(
        than size: Int, _ partition: Partition, _ source: LinuxReadScript.Source
    ) -> Int? {
        // With OOB only whole pages can be had.
        let candidates = source == .data ? [max(partition.pageSize, 2_048), 512] : [partition.pageSize]
        return candidates.first { $0 < size && size % $0 == 0 }
    }

    /// Hands on the part of a chunk that was asked for.
    private func hand(
        _ chunk: FlashChunk, _ partition: Partition, _ wanted: Range<Int>, _ source: LinuxReadScript.Source,
        _ each: (FlashChunk) async throws -> Void
    ) async throws {
        var range = wanted
        if source == .pagesWithOOB {
            let (page, unit) = (partition.pageSize, partition.pageSize + partition.oobSize)
            range = wanted.lowerBound / page * unit..<(wanted.upperBound + page - 1) / page * unit
        }
        // Whole blocks are asked for; pieces of them may lie outside of what is wanted.
        guard chunk.range.overlaps(range) else { return }
        try await each(chunk.cut(to: range))
    }

    /// Bytes that cannot be had: 0xFF, and named.
    private func hole(_ range: Range<Int>, _ blockSize: Int, _ unit: Int) -> FlashChunk {
        let finding = BlockFinding(
            offset: range.lowerBound, size: range.count, state: .unread, detail: "the board reported a read error")
        let count = unit == blockSize ? range.count : range.count / blockSize * unit
        return FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: count), findings: [finding]
        ).scaled(blockSize, to: unit)
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

    /// What the line damaged is asked for again, in smaller frames; a line that never lets a block through ends it.
    private func retry(
        _ run: Range<Int>, of request: Request, _ partition: Partition, source: LinuxReadScript.Source
    ) throws -> Request {
        var next = Request(
            first: run.lowerBound, count: run.count, blockSize: request.blockSize,
            group: max(1, request.group / 4), attempts: request.attempts + 1)
        let smaller = source == .data ? max(512, min(partition.pageSize, 4_096)) : partition.pageSize
        if next.attempts > 3, request.blockSize > smaller, request.blockSize % smaller == 0 {
            let factor = request.blockSize / smaller
            next.first *= factor
            // The last block of a device may be a part of one.
            let end = min(run.upperBound * request.blockSize, partition.size)
            next.count = (end + smaller - 1) / smaller - next.first
            next.blockSize = smaller
            next.group = 4
        }
        if next.attempts <= 30 { return next }
        throw FlashkeepError(
            .boardSilent, what: "The line to \(shell.console.channel.traits.address) is too bad to read from.",
            why: "Offset \(ByteCount.hex(next.range.lowerBound)) of mtd\(partition.index) arrived damaged "
                + "\(next.attempts) times.",
            next: "Check the ground wire, use a shorter cable or a lower baud rate, then run the command again.")
    }

    private func stalled(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "\(shell.console.channel.traits.address) stopped sending mtd\(partition.index).",
            why: "Nothing that makes sense came for a while.",
            next: "Check power, cable and network, then run the same command again: it goes on where it was.")
    }

    // MARK: Checksums

    package var checksumAlgorithms: [ChecksumAlgorithm] { toolbox.checksumAlgorithms }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await node(for: partition, .data)
        let (size, pairs) = LinuxReadScript.units(
            of: ranges, end: partition.size, preferred: max(1, partition.eraseBlockSize))
        try await tell(pairs)
        let bytes = ranges.reduce(0) { $0 + $1.count }
        let command = "fkcat \(ShellDialect.quote(node)) \(size) $A|\(tool)"
        let digests = try await digests(
            command, algorithm, count: 1, partition, silence: shell.silence * 2 + .seconds(bytes / 500_000))
        return digests[0]
    }

    package func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        guard let tool = toolbox.command(for: algorithm) else { throw noTool(algorithm) }
        let node = try await node(for: partition, .data)
        var digests: [Digest] = []
        for start in stride(from: 0, to: ranges.count, by: 64) {
            let some = Array(ranges[start..<min(start + 64, ranges.count)])
            let (size, pairs) = LinuxReadScript.units(
                of: some, end: partition.size, preferred: max(1, partition.eraseBlockSize))
            try await tell(pairs)
            digests += try await self.digests(
                "fksums \(ShellDialect.quote(tool)) \(ShellDialect.quote(node)) \(size) $A", algorithm,
                count: some.count, partition, silence: shell.silence * 4)
        }
        return digests
    }

    /// Has checksums computed, again where they came damaged. That they are right the bytes will tell.
    private func digests(
        _ command: String, _ algorithm: ChecksumAlgorithm, count: Int, _ partition: Partition, silence: Duration
    ) async throws -> [Digest] {
        var attempts = plan.isReliable ? 1 : 5
        while true {
            let reply = try await shell.run(command, silence: silence, isProvenElsewhere: true)
            let found = reply.text.split(separator: "\n").compactMap { LinuxToolbox.digest($0, algorithm) }
            if found.count == count { return found }
            attempts -= 1
            guard attempts == 0 else { continue }
            try await checkStillThere(partition)
            throw notADigest(algorithm, partition, reply)
        }
    }

    /// Puts `SKIP COUNT` pairs into the shell's variable A, in lines that every shell takes.
    private func tell(_ pairs: [(skip: Int, count: Int)]) async throws {
        let lines = stride(from: 0, to: pairs.count, by: 16).map { start in
            pairs[start..<min(start + 16, pairs.count)].map { "\($0.skip) \($0.count)" }.joined(separator: " ")
        }
        try await shell.define("A", "A='\(lines.joined(separator: "\n"))'")
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
    /// The part of it that lies in a range, which it overlaps, with what was found there.
    fileprivate func cut(to wanted: Range<Int>) -> FlashChunk {
        let part = range.clamped(to: wanted)
        guard part != range else { return self }
        return FlashChunk(
            offset: part.lowerBound, bytes: Array(bytes[(part.lowerBound - offset)..<(part.upperBound - offset)]),
            findings: findings.compactMap { finding in
                let inside = finding.range.clamped(to: part)
                guard !inside.isEmpty else { return nil }
                return BlockFinding(
                    offset: inside.lowerBound, size: inside.count, state: finding.state, detail: finding.detail)
            })
    }

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
