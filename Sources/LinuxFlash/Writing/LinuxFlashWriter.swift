internal import BoardConsoles
import FlashAccess
import FlashModel

/// Writes flash through a board's shell: stages the bytes in a file on the board and verifies it, then erases, then
/// writes.
///
/// Each command that touches flash first checks that the device is still the planned one: numbers change between
/// firmwares.
final class LinuxFlashWriter: FlashWriting {
    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let toolbox: LinuxToolbox
    private let upload: LinuxUpload
    private let root: String
    private let proof: LinuxWriteProof
    private var isTaught = false
    /// Why this kernel must not erase anything; nil if it may.
    private var danger: WriteRefusal?
    private var hasMode = false
    /// The results of the proofs.
    private var verdicts: [ProofKey: Verdict] = [:]
    /// How many blocks the board has shown to have room for.
    private var mostTogether = Int.max
    /// The staged bytes, and their file on the board.
    private var staged: (bytes: [UInt8], file: String)?

    /// What a proof applies to: similar partitions need only one.
    private struct ProofKey: Hashable {
        var method: String
        var eraseBlockSize: Int
        var pageSize: Int

        init(_ method: any LinuxWriteMethod, _ partition: Partition) {
            self.method = method.name
            eraseBlockSize = partition.eraseBlockSize
            pageSize = partition.pageSize
        }
    }

    private enum Verdict {
        case works
        /// A clause.
        case fails(String)
    }

    init(
        _ shell: ShellSession, _ nodes: DeviceNodes, root: String, _ toolbox: LinuxToolbox, isReliable: Bool,
        _ beside: ChannelBeside?
    ) {
        self.shell = shell
        self.nodes = nodes
        self.root = root
        self.toolbox = toolbox
        upload = LinuxUpload(shell, nodes, toolbox, isReliable: isReliable, beside)
        proof = LinuxWriteProof(shell, nodes, toolbox)
    }

    /// How often bytes had to be sent again.
    var repeats: Int { upload.repeats }

    /// Closes what is open beside the shell.
    func close() async { await upload.close() }

    func method(for partition: Partition) throws(WriteRefusal) -> WriteMethod {
        let method = try candidate(for: partition)
        if let refusal = upload.refusal { throw refusal }
        var description = method.description(of: partition)
        if method.takesSeveral { description.blocksAtOnce = upload.blocksAtOnce(of: partition.eraseBlockSize) }
        return description
    }

    func manualProcedure(for partition: Partition) -> ManualProcedure {
        LinuxManualProcedure.procedure(for: partition, toolbox)
    }

    func prove(_ partition: Partition) async throws {
        // If no method is suitable, there is nothing to prove; `method(for:)` says why.
        guard upload.refusal == nil, let methods = try? LinuxWriteMethods.suited(to: partition, toolbox) else { return }
        if !hasMode {
            danger = try await expertMode()
            hasMode = true
        }
        guard danger == nil else { return }
        for method in methods {
            let key = ProofKey(method, partition)
            if verdicts[key] == nil {
                let complaint = try await proof.complaint(about: method, for: partition)
                verdicts[key] = complaint.map { .fails($0) } ?? .works
            }
            if case .works? = verdicts[key] { return }
        }
    }

    /// The first suitable method that has not failed its proof.
    private func candidate(for partition: Partition) throws(WriteRefusal) -> any LinuxWriteMethod {
        if let danger { throw danger }
        var failures: [String] = []
        for method in try LinuxWriteMethods.suited(to: partition, toolbox) {
            guard case .fails(let why)? = verdicts[ProofKey(method, partition)] else { return method }
            // Methods share tools, and so their faults.
            if !failures.contains(why) { failures.append(why) }
        }
        throw WriteRefusal(
            why: "no tool of the board passed the tests for writing it: \(failures.joined(separator: "; "))",
            next: "start an initramfs that has mtd-utils, or restore from the bootloader; nothing was erased")
    }

    func stage(_ bytes: [UInt8]) async throws { _ = try await file(with: bytes) }

    private func file(with bytes: [UInt8]) async throws -> String {
        if let staged, staged.bytes == bytes { return staged.file }
        staged = nil
        let file = try await upload.put(bytes)
        staged = (bytes, file)
        return file
    }

    func erase(_ block: Range<Int>, of partition: Partition) async throws {
        let method = try await chosen(for: partition)
        let node = try await nodes.writeNode(for: partition, method.node)
        guard let command = method.erase(ShellWord.quoted(node), offset: block.lowerBound, toolbox) else { return }
        let said = try await act("erase", command, on: node, partition, method.node, at: block.lowerBound)
        // Some tools exit with status 0 after a failure, but not without a message.
        guard said.isEmpty else { throw failed("erase", block.lowerBound, partition, said, status: 0) }
    }

    func eraseAll(_ partition: Partition) async throws {
        let method = try await chosen(for: partition)
        let node = try await nodes.writeNode(for: partition, method.node)
        guard let command = method.eraseAll(ShellWord.quoted(node), toolbox) else {
            throw FlashkeepError(
                .internalFault, what: "mtd\(partition.index) is not erased as a whole.",
                why: "\(method.name) erases single blocks.", next: "Please report this.")
        }
        let blocks = partition.size / max(1, partition.eraseBlockSize)
        let said = try await act(
            "erase", command, on: node, partition, method.node, at: 0,
            patience: Self.erasing(partition.kind) * blocks)
        guard said.isEmpty else { throw failed("erase", 0, partition, said, status: 0) }
    }

    /// The longest time for one erase block: S29GL-P needs up to 3.5 s, W25Q128 2 s and NAND 10 ms; the rest allows for
    /// a busy processor.
    private static func erasing(_ kind: Chip.Kind) -> Duration {
        kind.isNAND ? .milliseconds(50) : .seconds(4)
    }

    func program(_ bytes: [UInt8], at offset: Int, of partition: Partition) async throws {
        let method = try await chosen(for: partition)
        let node = try await nodes.writeNode(for: partition, method.node)
        let file = try await file(with: bytes)
        let commands = method.program(
            ShellWord.quoted(node), from: file, 0, bytes, at: offset, of: partition, toolbox)
        for command in commands { _ = try await act("write", command, on: node, partition, method.node, at: offset) }
        try await forget(method)
    }

    func write(_ blocks: [BlockContent], of partition: Partition) async throws {
        let method = try await chosen(for: partition)
        guard let first = blocks.first, blocks.count > 1, method.takesSeveral, mostTogether > 1 else {
            return try await writeOneByOne(blocks, of: partition)
        }
        guard blocks.count <= mostTogether else {
            for start in stride(from: 0, to: blocks.count, by: mostTogether) {
                try await write(Array(blocks[start..<min(start + mostTogether, blocks.count)]), of: partition)
            }
            return
        }
        let file: String
        do {
            file = try await self.file(with: blocks.flatMap(\.bytes))
        } catch let error as FlashkeepError where error.code == .commandFailed {
            // The board's /tmp has no room for so many.
            mostTogether = blocks.count / 2
            return try await write(blocks, of: partition)
        }
        let node = try await nodes.writeNode(for: partition, method.node)
        var commands: [String] = []
        var start = 0
        for block in blocks {
            // A tool that prints something has failed, whatever its status.
            if block.mustErase, let erase = method.erase(ShellWord.quoted(node), offset: block.offset, toolbox) {
                commands.append("FKM=$(\(erase) 2>&1)&&[ -z \"$FKM\" ]")
            }
            commands += method.program(
                ShellWord.quoted(node), from: file, start, block.bytes, at: block.offset, of: partition, toolbox)
            start += block.bytes.count
        }
        if !commands.isEmpty {
            let said = try await act(
                "write", commands.joined(separator: "&&"), on: node, partition, method.node, at: first.offset,
                patience: Self.erasing(partition.kind) * blocks.count)
            guard said.isEmpty else { throw failed("write", first.offset, partition, said, status: 0) }
        }
        try await forget(method)
    }

    /// Makes the next read come from the flash, not from the kernel's cache.
    private func forget(_ method: any LinuxWriteMethod) async throws {
        guard method.node == .block, root.isEmpty else { return }
        _ = try await shell.run("sync;echo 3 >/proc/sys/vm/drop_caches")
    }

    /// The method proven to work; no other may touch flash.
    private func chosen(for partition: Partition) async throws -> any LinuxWriteMethod {
        try await prove(partition)
        do {
            return try candidate(for: partition)
        } catch {
            throw FlashkeepError(
                .toolMissing, what: "mtd\(partition.index) cannot be written.", why: error.why, next: error.next)
        }
    }

    /// Runs a command that touches flash, once. If its reply is lost, reading the flash shows what happened.
    ///
    /// - Returns: its output.
    private func act(
        _ act: String, _ command: String, on node: String, _ partition: Partition, _ kind: LinuxWriteNode,
        at offset: Int, patience: Duration = .zero
    ) async throws -> String {
        try await prepare()
        let test = root.isEmpty ? (kind == .block ? "-b" : "-c") : "-e"
        let line = ShellWord.quoted(Self.line(of: partition))
        let reply = try await shell.runOnce(
            "fkis \(line)&&[ \(test) \(ShellWord.quoted(node)) ]||{ echo FKGONE;false;}&&\(command)",
            silence: shell.silence * 4 + patience)
        if reply.text.contains("FKGONE") {
            throw FlashkeepError(
                .layoutChanged, what: "mtd\(partition.index) has changed.",
                why: "The board's /proc/mtd or its device nodes changed since they were checked.",
                next: "Nothing was written by this step; run the same command again.")
        }
        let said = reply.text.split(separator: "\n").filter { !Self.isCount($0) }.joined(separator: "\n")
        guard reply.status == 0 else { throw failed(act, offset, partition, said, status: reply.status) }
        return said
    }

    /// Refuses in expert analysis mode, in which the kernel erases blocks that are marked bad, including the marks.
    private func expertMode() async throws -> WriteRefusal? {
        let mode = try await shell.run("cat \(ShellWord.quoted("\(root)/sys/kernel/debug/mtd/expert_analysis_mode"))")
        guard mode.text.hasPrefix("Y") else { return nil }
        return WriteRefusal(
            why:
                "the board's kernel is in expert analysis mode (debugfs, mtd/expert_analysis_mode), in which it would "
                + "erase bad-block marks",
            next: "switch it off (write N to that file), and run the same command again")
    }

    private func prepare() async throws {
        guard !isTaught else { return }
        try await shell.define("fkis", Self.isStillThere(root))
        isTaught = true
    }

    /// Whether a line is normal output of `dd`: `1+0 records in`, `65536 bytes copied`.
    private static func isCount(_ line: Substring) -> Bool {
        line.hasSuffix("records in") || line.hasSuffix("records out") || line.contains(" copied")
    }

    /// A partition's line in `/proc/mtd` (Linux `drivers/mtd/mtdcore.c`, mtd_proc_show).
    static func line(of partition: Partition) -> String {
        func hex(_ value: Int) -> String {
            let digits = String(max(0, value), radix: 16)
            return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        }
        return "mtd\(partition.index): \(hex(partition.size)) \(hex(partition.eraseBlockSize)) \"\(partition.name)\""
    }

    private static func isStillThere(_ root: String) -> String {
        "fkis(){ while IFS= read -r l;do [ \"$l\" = \"$1\" ]&&return 0;done <\(ShellWord.quoted("\(root)/proc/mtd"));"
            + "return 1;}"
    }

    /// - Returns: `writeFailed` if the message indicates a flash failure, else `commandFailed`.
    private func failed(
        _ act: String, _ offset: Int, _ partition: Partition, _ said: String, status: Int
    ) -> FlashkeepError {
        let words = LinuxToolUsage(said).summary
        let ending = status == 0 ? "reported success" : "exited with status \(status)"
        return FlashkeepError(
            Self.isOfFlash(said) ? .writeFailed : .commandFailed,
            what: "The board could not \(act) mtd\(partition.index) at \(ByteCount.hex(offset)).",
            why: "The command \(ending) and printed \(words.map { "\"\($0)\"" } ?? "nothing").",
            next: "Run the same command again; what was already written is kept.")
    }

    /// Whether a tool's message is the kernel's error for a failing block: EIO.
    static func isOfFlash(_ said: String) -> Bool {
        ["Input/output error", "I/O error"].contains(where: said.contains)
    }
}
