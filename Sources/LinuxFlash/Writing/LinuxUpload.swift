private import BoardChannels
internal import BoardConsoles
import FlashAccess
import FlashModel

/// Uploads bytes to a file on the board, and verifies that they arrived intact. A file holds an erase block, or a few on
/// a reliable line, since /tmp on a small board is in RAM.
final class LinuxUpload {
    /// The most bytes in one command. On an unreliable line it is small, so that little must be repeated.
    private static let reliablePiece = 128 << 10
    private static let unreliablePiece = 2 << 10
    private static let attempts = 6
    /// The size in bytes of several blocks in one file.
    private static let together = 1 << 20

    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let toolbox: LinuxToolbox
    private let isReliable: Bool
    private let piece: Int
    private let pipe: UploadPipe?

    /// How often something had to be sent again.
    private(set) var repeats = 0

    /// - Parameter beside: opens channels beside the shell; nil for none.
    init(
        _ shell: ShellSession, _ nodes: DeviceNodes, _ toolbox: LinuxToolbox, isReliable: Bool, _ beside: ChannelBeside?
    ) {
        self.shell = shell
        self.nodes = nodes
        self.toolbox = toolbox
        self.isReliable = isReliable
        piece = isReliable ? Self.reliablePiece : Self.unreliablePiece
        pipe = beside.map { UploadPipe(shell, nodes, toolbox, $0) }
    }

    /// Closes what is open beside the shell.
    func close() async { await pipe?.close() }

    /// How many erase blocks to upload in one file: one on a line that damages bytes, for all of them would have to be
    /// sent again.
    func blocksAtOnce(of size: Int) -> Int {
        isReliable && size > 0 ? max(1, min(16, Self.together / size)) : 1
    }

    /// Why bytes cannot be uploaded to this board; nil if they can.
    var refusal: WriteRefusal? {
        if LinuxUploadForm.choose(toolbox) == nil {
            return WriteRefusal(
                why: "the board has no tool to decode text into bytes: no base64, uudecode, xxd or printf",
                next: "start an initramfs that has one of them")
        }
        if !isReliable, algorithm == nil {
            return WriteRefusal(
                why: "the line may damage bytes, and the board has no checksum tool to detect that before they are "
                    + "written",
                next: "use SSH, or start an initramfs that has md5sum or sha256sum")
        }
        return nil
    }

    private var algorithm: ChecksumAlgorithm? { toolbox.checksumAlgorithms.first }

    /// Uploads bytes to the board.
    ///
    /// - Returns: the file's path.
    /// - Throws: `diskFull` if the board has no room, `commandFailed` if the bytes never arrive intact, `boardLost`.
    func put(_ bytes: [UInt8]) async throws -> String {
        guard let form = LinuxUploadForm.choose(toolbox) else { throw failed("the board has no tool for it") }
        let file = "\(try await nodes.ownFolder())/mtd-block"
        if try await isSent(bytes, to: file) { return file }
        var last = ""
        for attempt in 0..<Self.attempts {
            if attempt > 0 { repeats += 1 }
            let sent = try await send(bytes, form, to: file)
            last = sent.complaint
            guard last.isEmpty else { continue }
            guard let algorithm else {
                if isReliable { return file }
                break
            }
            if sent.digest == StreamingChecksum.digest(of: bytes, algorithm) { return file }
            last = "the \(algorithm.rawValue) of what arrived is wrong"
        }
        throw failed(last)
    }

    /// Sends bytes beside the shell, if that is possible.
    ///
    /// - Returns: whether the board's checksum proves that they have arrived.
    private func isSent(_ bytes: [UInt8], to file: String) async throws -> Bool {
        guard let pipe, pipe.isUsable, let algorithm, let tool = toolbox.command(for: algorithm),
            let reply = try await pipe.send(bytes, to: file, digest: tool)
        else { return false }
        if Self.digest(in: reply, algorithm) == StreamingChecksum.digest(of: bytes, algorithm) { return true }
        await pipe.close(asFailed: true)
        return false
    }

    /// - Returns: the checksum that the board computed, and its error message, which is empty on success.
    private func send(
        _ bytes: [UInt8], _ form: LinuxUploadForm, to file: String
    ) async throws -> (digest: Digest?, complaint: String) {
        if bytes.count <= piece {
            return try await give(bytes, form, into: file, checksumOf: file)
        }
        let part = "\(file).part"
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let end = min(start + piece, bytes.count)
            if isReliable, form.appends {
                let complaint = try await give(
                    Array(bytes[start..<end]), form, into: file, appending: start > 0
                ).complaint
                guard complaint.isEmpty else { return (nil, complaint) }
                continue
            }
            let complaint = try await give(Array(bytes[start..<end]), form, into: part).complaint
            guard complaint.isEmpty else { return (nil, complaint) }
            // Without conv=, which not every dd has. So dd truncates the file after what it writes, where nothing
            // follows.
            let joined = try await shell.run(
                start == 0
                    ? "cat \(part) >\(file)"
                    : "dd if=\(part) of=\(file) bs=\(piece) seek=\(start / piece) 2>/dev/null",
                mergesErrors: true, isProvenElsewhere: true)
            guard joined.status == 0 else {
                // Usually the disk is full, but the message differs between versions of dd.
                return (nil, TerminalText.lastLines(joined.output, count: 1) + " (is there room in /tmp?)")
            }
        }
        guard let algorithm, let tool = toolbox.command(for: algorithm) else { return (nil, "") }
        let reply = try await shell.run("\(tool) <\(file)", isProvenElsewhere: true)
        return (Self.digest(in: reply, algorithm), "")
    }

    /// Runs a command that decodes lines of text to bytes in a file.
    ///
    /// - Parameter file: a file whose checksum the same command computes; nil for none.
    private func give(
        _ bytes: [UInt8], _ form: LinuxUploadForm, into target: String, appending: Bool = false,
        checksumOf file: String? = nil
    ) async throws -> (digest: Digest?, complaint: String) {
        var command = form.command(into: target, appending: appending, toolbox)
        if let file, let algorithm, let tool = toolbox.command(for: algorithm) {
            command = "{ \(command)&&\(tool) <\(file);}"
        }
        do {
            let reply = try await shell.run(
                command, input: form.lines(bytes, toolbox), silence: shell.silence * 4)
            guard reply.status == 0 else { return (nil, TerminalText.lastLines(reply.output, count: 1)) }
            return (algorithm.flatMap { Self.digest(in: reply, $0) }, "")
        } catch let error as FlashkeepError where error.code.isLostReply && !isReliable {
            // The line lost the end of the text.
            try await shell.interrupt()
            return (nil, error.why)
        }
    }

    private static func digest(in reply: ShellReply, _ algorithm: ChecksumAlgorithm) -> Digest? {
        reply.text.split(separator: "\n").lazy.compactMap { LinuxToolbox.digest($0, algorithm) }.first
    }

    private func failed(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "Data does not reach \(shell.console.channel.traits.address) intact.",
            why: why.isEmpty ? "It arrived damaged every time." : why,
            next: "This block was not erased. Free some space in the board's /tmp, or use a better line; then run the "
                + "same command again.")
    }
}
