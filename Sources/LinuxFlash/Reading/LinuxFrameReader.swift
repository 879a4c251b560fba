private import BoardChannels
private import BoardConsoles
import FlashAccess
internal import FlashModel
private import Transfers

/// Reads flash in frames that the board's shell sends, and repeats those that the line damaged.
final class LinuxFrameReader {
    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let root: String
    private let toolbox: LinuxToolbox
    private let console: ConsoleCarrier
    private let network: LinuxNetwork?
    /// What carries the frames; nil before the first read.
    private var chosen: (any FrameCarrier)?
    /// The sysfs folder with ECC counters, by MTD number; nil for devices without them.
    private var counterFolders: [Int: String?] = [:]
    /// The size of a frame that this line can carry, in bytes; below the plan's after damage.
    private var frameSize: Int
    /// The frame functions that the shell has.
    private var functions: Set<String> = []
    /// How often in a row the network has delivered nothing.
    private var vainAttempts = 0
    /// Whether any OOB bytes were read.
    private(set) var hasReadOOB = false

    /// The number of repeated frames.
    private(set) var repeatedFrames = 0

    /// - Parameter network: the network beside the console; nil for none.
    init(
        _ shell: ShellSession, _ nodes: DeviceNodes, root: String, _ toolbox: LinuxToolbox, _ plan: TransferPlan,
        _ network: LinuxNetwork?
    ) {
        self.shell = shell
        self.nodes = nodes
        self.root = root
        self.toolbox = toolbox
        self.network = network
        console = ConsoleCarrier(shell, plan)
        frameSize = plan.frameSize
    }

    /// Whether the board has the tool that reads OOB bytes.
    var readsOOB: Bool { toolbox.has("nanddump") && !toolbox.invocation("nanddump").hasPrefix("busybox") }

    /// The method of the network in use, for the backup's record; nil for the console.
    var networkMethod: String? { network?.methodName }

    /// How the output of a command is sent over the network, for the backup's record; nil for the console.
    func networkCommand(for command: String) -> String? { network?.command(sending: command) }

    private var carrier: any FrameCarrier { chosen ?? console }
    private var plan: TransferPlan { carrier.plan }

    /// Reads ranges of a partition and passes them on in chunks.
    ///
    /// - Throws: as ``FlashReading``.
    func read(
        _ partition: Partition, _ ranges: [Range<Int>], source: LinuxReadScript.Source,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        if source == .pagesWithOOB {
            guard readsOOB, partition.pageSize > 1, partition.oobSize > 0 else { throw noOOB(partition) }
        }
        if source == .pagesWithOOB { hasReadOOB = true }
        if chosen == nil { choose(try await network?.next()) }
        let block = max(1, partition.eraseBlockSize)
        for range in ranges where !range.isEmpty {
            // Batches end at erase blocks. Requests cover whole blocks; `hand` drops what lies outside the range.
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, start - start % block + plan.batchSize)
                try await readBatch(partition, start..<end, source: source, each: each)
                start = end
            }
        }
    }

    /// - Parameter carrier: nil for the console.
    private func choose(_ carrier: (any FrameCarrier)?) {
        chosen = carrier ?? console
        frameSize = plan.frameSize
        vainAttempts = 0
    }

    /// Defines the shell function that sends frames on a carrier, once.
    ///
    /// - Returns: its name.
    private func function(for source: LinuxReadScript.Source, on carrier: any FrameCarrier) async throws -> String {
        let plan = carrier.plan
        let name = (source == .data ? "fkread" : "fkoob") + (carrier is ConsoleCarrier ? "" : "n")
        let definition = carrier.definition(
            of: name,
            LinuxReadScript.frames(
                name: name, word: shell.dialect.typedWord, source: source, encoding: plan.encoding, toolbox: toolbox,
                checksum: plan.checksum.flatMap { toolbox.command(for: $0) }, isDoubled: !plan.isReliable))
        if !functions.contains(definition.name) {
            try await shell.define(definition.name, definition.script)
            functions.insert(definition.name)
        }
        return name
    }

    private func readBatch(
        _ partition: Partition, _ range: Range<Int>, source: LinuxReadScript.Source,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        let block = max(1, partition.eraseBlockSize)
        let first = range.lowerBound / block
        let count = (range.upperBound + block - 1) / block - first
        var waiting = [
            FrameRequest(first: first, count: count, blockSize: block, group: max(1, frameSize / block))
        ]
        while let request = waiting.popLast() {
            waiting += try await send(request, partition, wanted: range, source: source, each: each).reversed()
        }
    }

    /// Requests a run of blocks, passes on what arrived intact, and returns the requests that are still necessary.
    private func send(
        _ request: FrameRequest, _ partition: Partition, wanted: Range<Int>, source: LinuxReadScript.Source,
        each: (FlashChunk) async throws -> Void
    ) async throws -> [FrameRequest] {
        var exchange = try await exchange(request, partition, wanted: wanted, source: source)
        var parser = parser(for: exchange)
        let carrier = exchange.carrier
        var hasMovedOn = false
        do {
            for _ in 0..<(carrier.plan.readsTwice ? 2 : 1) { try await receive(&exchange, &parser, each: each) }
        } catch let failure as NetworkFailure {
            try await carrier.abandon(exchange.command)
            hasMovedOn = try await moveOn(failure, after: exchange)
        } catch let error as FlashkeepError where error.code.isLostReply && carrier.survivesStalls {
            try await carrier.abandon(exchange.command)
            hasMovedOn = try await moveOn(NetworkFailure(why: error.why), after: exchange)
        }
        // Not earlier: while frames arrive, the shell accepts no other command.
        if exchange.gaveNothing { try await nodes.checkStillThere(partition) }
        for range in exchange.unreadable {
            try await hand(hole(range, request.blockSize, exchange.unit), partition, wanted, source, each)
        }
        if hasMovedOn { return remainder(of: exchange) }
        adapt(to: exchange.missing, of: request, partition)
        for run in exchange.missing.ranges {
            repeatedFrames += 1
            exchange.again.append(try retry(run, of: request, partition, source: source))
        }
        return exchange.again
    }

    /// Chooses another carrier after a network failed in vain several times.
    ///
    /// - Returns: whether it did.
    private func moveOn(_ failure: NetworkFailure, after exchange: FrameExchange) async throws -> Bool {
        guard let network, let carrier = exchange.carrier as? any NetworkFrameCarrier else { return false }
        let request = exchange.request
        let isVain = exchange.missing == RangeSet(request.first..<request.first + request.count)
        vainAttempts = isVain ? vainAttempts + 1 : 0
        // A connection that has worked is worth more attempts than one that never came about.
        guard failure.isFinal || vainAttempts >= (carrier.hasDelivered ? 5 : Self.vainLimit(shell)) else {
            return false
        }
        network.failed(carrier, failure)
        choose(try await network.next())
        return true
    }

    /// A line that damages commands may spoil the one that connects.
    private static func vainLimit(_ shell: ShellSession) -> Int {
        shell.console.channel.traits.isSlow ? 2 : 1
    }

    /// What an exchange left, as requests for another carrier.
    private func remainder(of exchange: FrameExchange) -> [FrameRequest] {
        exchange.again
            + exchange.missing.ranges.map { run in
                FrameRequest(
                    first: run.lowerBound, count: run.count, blockSize: exchange.request.blockSize,
                    group: max(1, frameSize / max(1, exchange.request.blockSize)))
            }
    }

    private func exchange(
        _ request: FrameRequest, _ partition: Partition, wanted: Range<Int>, source: LinuxReadScript.Source
    ) async throws -> FrameExchange {
        let node = try await nodes.node(for: partition, forTools: source == .pagesWithOOB)
        let counters = try await counterFolder(of: partition)
        let carrier = carrier
        let command =
            "\(try await function(for: source, on: carrier)) \(ShellWord.quoted(node)) \(request.blockSize) "
            + "\(request.first) \(request.count) \(request.group) \(counters.map { ShellWord.quoted($0) } ?? "-")"
        return FrameExchange(
            request: request, partition: partition, source: source, carrier: carrier, wanted: wanted, command: command,
            origin: "\(node):\(request.blockSize):\(counters ?? "-")", hasCounters: counters != nil,
            unit: arrivingUnit(request.blockSize, partition, source),
            missing: RangeSet(request.first..<request.first + request.count))
    }

    private func parser(for exchange: FrameExchange) -> InlineFrameParser {
        let (request, unit, size) = (exchange.request, exchange.unit, exchange.partition.size)
        let deviceEnd = (size / request.blockSize) * unit + size % request.blockSize
        let plan = exchange.carrier.plan
        let isPlain = plan.encoding == .raw && !exchange.carrier.mapsLineEnds
        let lastBlock = request.first + request.count
        return InlineFrameParser(
            word: shell.dialect.word, isDoubled: !plan.isReliable,
            payloadLimit: plan.encoding.arrivalLimit(for: request.group * unit),
            expected: { count in isPlain && lastBlock * unit <= deviceEnd ? count * unit : nil })
    }

    /// Runs the command once, and accepts the frames that it sends.
    private func receive(
        _ exchange: inout FrameExchange, _ parser: inout InlineFrameParser, each: (FlashChunk) async throws -> Void
    ) async throws {
        let (request, unit, carrier) = (exchange.request, exchange.unit, exchange.carrier)
        let encoding = carrier.plan.encoding
        carrier.markBulk(true)
        defer { carrier.markBulk(false) }
        try await carrier.start(exchange.command, for: request.count * unit)
        var isDone = false
        // A damaged number in the command may have requested far too much.
        var allowance = 2 * encoding.arrivalLimit(for: request.count * unit) + request.count * 1_024
        // The time for one frame, counted from the previous one.
        let pace = shell.silence + carrier.time(for: encoding.arrivalLimit(for: request.group * unit))
        var end = shell.console.time + pace
        while !isDone {
            guard allowance > 0, shell.console.time < end,
                let bytes = try await carrier.bytes(within: min(shell.silence, end - shell.console.time))
            else { throw stalled(exchange) }
            allowance -= bytes.count
            for event in parser.feed(bytes) {
                end = shell.console.time + pace
                switch event {
                case .done: isDone = true
                case .damaged: break
                case .frame(let frame): try await take(frame, &exchange, each: each)
                }
            }
        }
        try await carrier.finish(exchange.command, rest: parser.takeRest())
    }

    /// Accepts a frame, unless it is damaged or not missing.
    private func take(
        _ frame: InlineFrame, _ exchange: inout FrameExchange, each: (FlashChunk) async throws -> Void
    ) async throws {
        let (request, partition, source) = (exchange.request, exchange.partition, exchange.source)
        let blocks = frame.first..<frame.first + frame.count
        guard frame.origin == exchange.origin, !blocks.isEmpty, exchange.missing.isSuperset(of: RangeSet(blocks)),
            !exchange.hasCounters || (frame.before != nil && frame.after != nil),
            let bytes = decoded(frame, exchange)
        else { return }
        if exchange.carrier.plan.readsTwice {
            guard exchange.earlier[frame.first] == bytes else {
                exchange.earlier[frame.first] = bytes
                return
            }
        }
        exchange.missing.remove(contentsOf: blocks)
        exchange.gaveNothing = exchange.gaveNothing || bytes.isEmpty
        switch judge(frame, bytes, request, partition, source: source) {
        case .good(let chunk): try await hand(chunk, partition, exchange.wanted, source, each)
        case .again(let request): exchange.again.append(request)
        case .unreadable(let range): exchange.unreadable.append(range)
        }
    }

    /// The folder of a partition's ECC counters; nil if it has none.
    private func counterFolder(of partition: Partition) async throws -> String? {
        guard partition.chipHasCounters else { return nil }
        if let known = counterFolders[partition.index] { return known }
        let folder = "\(root)/sys/class/mtd/mtd\(partition.index)"
        let quoted = ShellWord.quoted(folder)
        let isThere = try await shell.run("[ -r \(quoted)/ecc_failures ]&&[ -r \(quoted)/corrected_bits ]").status == 0
        counterFolders[partition.index] = .some(isThere ? folder : nil)
        return isThere ? folder : nil
    }

    /// Adapts the frame size: large frames are most efficient on a good line, small ones on a bad one.
    private func adapt(to missing: RangeSet<Int>, of request: FrameRequest, _ partition: Partition) {
        guard request.blockSize == partition.eraseBlockSize else { return }
        if missing.isEmpty {
            frameSize = min(plan.frameSize, frameSize * 2)
        } else {
            frameSize = max(partition.eraseBlockSize, min(frameSize, request.group * request.blockSize) / 2)
        }
    }

    /// The number of bytes that arrive for a block.
    private func arrivingUnit(_ blockSize: Int, _ partition: Partition, _ source: LinuxReadScript.Source) -> Int {
        guard source == .pagesWithOOB, partition.pageSize > 0 else { return blockSize }
        return blockSize / partition.pageSize * (partition.pageSize + partition.oobSize)
    }

    /// The bytes of a frame; nil if the line damaged it.
    private func decoded(_ frame: InlineFrame, _ exchange: FrameExchange) -> [UInt8]? {
        let plan = exchange.carrier.plan
        guard
            let bytes = plan.encoding.decode(
                frame.payload, lineEndsAreMapped: exchange.carrier.mapsLineEnds, limit: frame.count * exchange.unit)
        else { return nil }
        if let algorithm = plan.checksum {
            guard let digest = LinuxToolbox.digest(frame.checksum, algorithm),
                StreamingChecksum.digest(of: bytes, algorithm) == digest
            else { return nil }
        }
        return bytes
    }

    /// What to do with a frame that arrived intact.
    private enum Verdict {
        case good(FlashChunk)
        /// Request it again in smaller parts, to locate a problem.
        case again(FrameRequest)
        /// These bytes of the partition cannot be read.
        case unreadable(Range<Int>)
    }

    /// Judges a frame by what the board reported.
    private func judge(
        _ frame: InlineFrame, _ bytes: [UInt8], _ request: FrameRequest, _ partition: Partition,
        source: LinuxReadScript.Source
    ) -> Verdict {
        let unit = arrivingUnit(request.blockSize, partition, source)
        let start = frame.first * request.blockSize
        let end = min((frame.first + frame.count) * request.blockSize, partition.size)
        // A block in a frame of its own has its own counters.
        let single = FrameRequest(first: frame.first, count: frame.count, blockSize: request.blockSize, group: 1)
        guard bytes.count == (source == .data ? end - start : frame.count * unit) else {
            if frame.count > 1 { return .again(single) }
            guard let size = smallerBlock(than: request.blockSize, partition, source) else {
                // A bad line may shorten a reply once, so the board must report the error twice.
                guard plan.isReliable || request.isDoubtful else {
                    var next = single
                    next.isDoubtful = true
                    return .again(next)
                }
                return .unreadable(start..<end)
            }
            return .again(
                FrameRequest(first: start / size, count: (end - start + size - 1) / size, blockSize: size, group: 1))
        }
        let state = frame.eccState
        if state != nil, frame.count > 1 { return .again(single) }
        let findings = state.map {
            [BlockFinding(offset: start, size: end - start, state: $0, detail: frame.eccDetail($0))]
        }
        let chunk = FlashChunk(offset: start, bytes: bytes, findings: findings ?? [])
        return .good(source == .data ? chunk : chunk.scaled(request.blockSize, to: unit))
    }

    /// The next smaller block size to try if a block cannot be read; nil if there is none.
    private func smallerBlock(
        than size: Int, _ partition: Partition, _ source: LinuxReadScript.Source
    ) -> Int? {
        // OOB bytes can only be read with whole pages.
        let candidates = source == .data ? [max(partition.pageSize, 2_048), 512] : [partition.pageSize]
        return candidates.first { $0 < size && size % $0 == 0 }
    }

    /// Passes on the part of a chunk that was requested.
    private func hand(
        _ chunk: FlashChunk, _ partition: Partition, _ wanted: Range<Int>, _ source: LinuxReadScript.Source,
        _ each: (FlashChunk) async throws -> Void
    ) async throws {
        var range = wanted
        if source == .pagesWithOOB {
            let (page, unit) = (partition.pageSize, partition.pageSize + partition.oobSize)
            range = wanted.lowerBound / page * unit..<(wanted.upperBound + page - 1) / page * unit
        }
        // Whole blocks are requested, so some chunks may lie outside the wanted range.
        guard chunk.range.overlaps(range) else { return }
        try await each(chunk.cut(to: range))
    }

    /// A chunk for bytes that cannot be read: 0xFF, with a finding.
    private func hole(_ range: Range<Int>, _ blockSize: Int, _ unit: Int) -> FlashChunk {
        let finding = BlockFinding(
            offset: range.lowerBound, size: range.count, state: .unread, detail: "the board reported a read error")
        let count = unit == blockSize ? range.count : range.count / blockSize * unit
        return FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: count), findings: [finding]
        ).scaled(blockSize, to: unit)
    }

    /// The request for blocks that the line damaged, with smaller frames.
    ///
    /// - Throws: `boardSilent` if the line has let nothing through in 31 attempts.
    private func retry(
        _ run: Range<Int>, of request: FrameRequest, _ partition: Partition, source: LinuxReadScript.Source
    ) throws -> FrameRequest {
        var next = FrameRequest(
            first: run.lowerBound, count: run.count, blockSize: request.blockSize,
            group: max(1, request.group / 4), attempts: request.attempts + 1, isDoubtful: request.isDoubtful)
        let smaller = source == .data ? max(512, min(partition.pageSize, 4_096)) : partition.pageSize
        if next.attempts > 3, request.blockSize > smaller, request.blockSize % smaller == 0 {
            let factor = request.blockSize / smaller
            next.first *= factor
            // The device may end within the last block.
            let end = min(run.upperBound * request.blockSize, partition.size)
            next.count = (end + smaller - 1) / smaller - next.first
            next.blockSize = smaller
            next.group = 4
        }
        if next.attempts <= 30 { return next }
        throw FlashkeepError(
            .boardSilent, what: "The line to \(shell.console.channel.traits.address) is too bad to read from.",
            why: "The data at \(ByteCount.hex(next.range.lowerBound)) of mtd\(partition.index) arrived damaged "
                + "\(next.attempts) times.",
            next: shell.lineAdvice)
    }

    private func stalled(_ exchange: FrameExchange) -> FlashkeepError {
        let partition = exchange.partition
        guard !exchange.carrier.isTalking else {
            return shell.console.talksOn(during: "the next part of mtd\(partition.index)")
        }
        return FlashkeepError(
            .boardSilent, what: "\(shell.console.channel.traits.address) stopped sending mtd\(partition.index).",
            why: "No valid data arrived for a while.",
            next: "Check power, cable and network, then run the same command again: it resumes.")
    }

    private func noOOB(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "The OOB bytes of mtd\(partition.index) cannot be read.",
            why: "It needs a NAND device and the nanddump of mtd-utils on the board.",
            next: "Omit --oob, or start an initramfs that has mtd-utils.")
    }
}

extension Partition {
    /// Whether the kernel counts ECC events: only for NAND.
    fileprivate var chipHasCounters: Bool { pageSize > 1 || kind.isNAND }
}
