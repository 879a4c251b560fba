package import BoardChannels
private import BoardConsoles
internal import FlashModel

/// Opens a channel to a command of its own on the board, as ``BoardChannels/ChannelOpening/running(_:)``.
package typealias ChannelBeside = @Sendable (_ command: String) -> (any ChannelOpening)?

/// A named pipe on the board that a channel of its own fills, so that bytes need not be encoded as text for the shell.
///
/// They must never reach the shell's own input: it would execute what a program that fails leaves of them.
final class UploadPipe {
    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let toolbox: LinuxToolbox
    private let open: ChannelBeside
    private var link: Link?
    /// How often the pipe has failed.
    private var failures = 0

    private static let failureLimit = 3
    /// How long the channel may take to open; SSH on a small board takes seconds.
    private static let patience = Duration.seconds(20)

    /// A channel in a task of its own.
    private struct Link: Sendable {
        let channel: any BoardChannel
        let task: Task<Void, Never>
        let end: AsyncStream<Void>.Continuation

        func close() async {
            end.finish()
            task.cancel()
            await task.value
        }
    }

    init(_ shell: ShellSession, _ nodes: DeviceNodes, _ toolbox: LinuxToolbox, _ open: @escaping ChannelBeside) {
        self.shell = shell
        self.nodes = nodes
        self.toolbox = toolbox
        self.open = open
    }

    /// Whether it is worth trying.
    var isUsable: Bool {
        failures < Self.failureLimit && toolbox.has("head") && (toolbox.has("mkfifo") || toolbox.has("mknod"))
    }

    /// Sends bytes into a file on the board.
    ///
    /// - Parameter digest: the command that prints the file's checksum.
    /// - Returns: what the command printed; nil if the pipe does not work, and nothing is known of the file.
    /// - Throws: errors of the board.
    func send(_ bytes: [UInt8], to file: String, digest: String) async throws -> ShellReply? {
        let pipe = "\(try await nodes.ownFolder())/mtd-pipe"
        guard let link = try await opened(pipe) else {
            await close(asFailed: true)
            return nil
        }
        // Opened for both, it does not wait for a writer; opened then for reading alone, it ends with the writer.
        let command =
            "exec 7<>\(pipe) 8<\(pipe) 7<&-;\(toolbox.invocation("head")) -c \(bytes.count) <&8 >\(file)&&"
            + "\(digest) <\(file);FKX=$?;exec 8<&-;[ $FKX = 0 ]"
        try await shell.start(command, mergesErrors: true)
        let writing = Task { try await link.channel.write(bytes) }
        defer { writing.cancel() }
        let (output, status) = try await shell.finish(command, silence: shell.silence * 4)
        // Bytes that were not taken are still in the pipe.
        if status != 0 { await close(asFailed: true) }
        return ShellReply(output: output, status: status)
    }

    /// Ends the channel; a later ``send(_:to:digest:)`` opens another.
    func close(asFailed: Bool = false) async {
        if asFailed { failures += 1 }
        await link?.close()
        link = nil
    }

    /// - Returns: nil if it cannot be opened.
    private func opened(_ pipe: String) async throws -> Link? {
        if let link { return link }
        let make =
            toolbox.has("mkfifo")
            ? "\(toolbox.invocation("mkfifo")) \(pipe)" : "\(toolbox.invocation("mknod")) \(pipe) p"
        let word = shell.dialect.word
        guard let opener = open("exec 9<>\(pipe)&&echo \(word)&&exec cat >&9") else {
            failures = Self.failureLimit
            return nil
        }
        let made = try await shell.run("rm -f \(pipe);\(make)&&[ -p \(pipe) ]", mergesErrors: true)
        guard made.status == 0 else { return nil }
        let (opening, isOpen) = AsyncStream.makeStream(of: (any BoardChannel).self)
        let (end, ending) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try? await opener.withChannel { channel in
                isOpen.yield(channel)
                for await _ in end {}
            }
            isOpen.finish()
        }
        for await channel in opening {
            let link = Link(channel: channel, task: task, end: ending)
            guard await Self.answers(channel, word) else {
                await link.close()
                return nil
            }
            self.link = link
            return link
        }
        return nil
    }

    /// Whether the command beside has opened the pipe.
    private static func answers(_ channel: any BoardChannel, _ word: String) async -> Bool {
        var seen: [UInt8] = []
        let end = channel.time + patience
        while channel.time < end, seen.count < 1 << 16 {
            guard case .bytes(let bytes)? = try? await channel.read(timeout: end - channel.time) else { return false }
            seen += bytes
            if ByteSearch.firstRange(of: Array("\(word)\n".utf8), in: seen) != nil { return true }
        }
        return false
    }
}
