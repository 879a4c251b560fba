private import BoardChannels
internal import BoardConsoles
import FlashModel

/// Proves, without touching flash, that a method's tools work as intended.
///
/// Each tool is identified by its usage. A tool that erases must refuse a regular file, which is not an MTD device.
/// `dd` must write a block to a regular file correctly, with the same command line that will write it to flash.
final class LinuxWriteProof {
    private let shell: ShellSession
    private let nodes: DeviceNodes
    private let toolbox: LinuxToolbox
    /// Why each tool is not the right one; an empty text if it is.
    private var complaints: [String: String] = [:]

    init(_ shell: ShellSession, _ nodes: DeviceNodes, _ toolbox: LinuxToolbox) {
        self.shell = shell
        self.nodes = nodes
        self.toolbox = toolbox
    }

    /// The number of attempts: a line that damages commands may make a good tool fail.
    private var attempts: Int { shell.console.channel.traits.isReliable ? 1 : 3 }

    /// Returns why a method must not be used for a partition, as a clause; nil if it was proven to work.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `boardLost` and others.
    func complaint(about method: any LinuxWriteMethod, for partition: Partition) async throws -> String? {
        for tool in method.tools {
            if let why = try await complaint(about: tool) { return why }
        }
        guard let rehearsal = LinuxWriteRehearsal(partition) else {
            return
                "erase blocks of \(ByteCount.text(max(0, partition.eraseBlockSize))) are too large for a test with a "
                + "file"
        }
        let prefix = "\(try await nodes.ownFolder())/mtd-"
        var why: String?
        for _ in 0..<attempts {
            why = try await complaint(about: method, for: partition, rehearsal, at: prefix)
            if why == nil { break }
        }
        _ = try await shell.run("rm -f \(prefix)a \(prefix)t", mergesErrors: true)
        return why
    }

    private func complaint(about tool: LinuxWriteTool) async throws -> String? {
        if let known = complaints[tool.name] { return known.isEmpty ? nil : known }
        let command = [toolbox.invocation(tool.name), tool.question].filter { !$0.isEmpty }.joined(separator: " ")
        let reply = try await shell.run(command, limit: 1 << 16, mergesErrors: true)
        let why = tool.complaint(about: reply.text).map { "\(tool.name) is not the expected program: \($0)" }
        complaints[tool.name] = why ?? ""
        return why
    }

    private func complaint(
        about method: any LinuxWriteMethod, for partition: Partition, _ rehearsal: LinuxWriteRehearsal,
        at prefix: String
    ) async throws -> String? {
        let (source, target) = ("\(prefix)a", "\(prefix)t")
        let made = try await shell.run(rehearsal.command(making: prefix), mergesErrors: true)
        for (file, bytes) in [(source, rehearsal.source), (target, rehearsal.target)] {
            guard try await holds(file, bytes) else {
                return "a test file of \(ByteCount.text(bytes.count)) cannot be made in the board's /tmp: "
                    + Self.words(of: made, else: "for an unknown reason")
            }
        }
        let program = method.program(
            target, from: source, 0, rehearsal.bytes, at: rehearsal.offset, of: partition, toolbox)
        guard !program.isEmpty else { return "its erase blocks are not a whole number of pages" }
        let erase = method.erase(target, offset: rehearsal.offset, toolbox) ?? method.eraseAll(target, toolbox)
        let refused = [erase].compactMap { $0 } + (method.rehearsed == nil ? program : [])
        for command in refused {
            if let why = try await complaint(aboutRefusalOf: command, target, rehearsal) { return why }
        }
        guard let copy = method.rehearsed else { return nil }
        for command in program {
            // Its output contains the time taken, which differs each time; the file shows the result.
            let reply = try await shell.run(command, mergesErrors: true, isProvenElsewhere: true)
            guard reply.status == 0 else {
                return "on a regular file, \(Self.tool(command)) exited with status \(reply.status): "
                    + Self.words(of: reply, else: "it gave no reason")
            }
        }
        guard try await holds(target, rehearsal.result(of: copy)) else {
            return
                "on a regular file, \(Self.tool(program.first ?? "")) reported success but did not write the given "
                + "bytes"
        }
        return nil
    }

    /// Tests that a tool that erases refuses a regular file, and accepts its options.
    private func complaint(
        aboutRefusalOf command: String, _ target: String, _ rehearsal: LinuxWriteRehearsal
    ) async throws -> String? {
        let tool = Self.tool(command)
        let reply = try await shell.run(command, mergesErrors: true, isProvenElsewhere: true)
        guard try await holds(target, rehearsal.target) else {
            return "\(tool) changed a regular file that it should have refused"
        }
        guard reply.status != 0 else {
            return "\(tool) reported success for a regular file, which it cannot erase"
        }
        let text = reply.text.lowercased()
        guard
            !["usage", "invalid option", "unrecognized option", "unknown option", "not found"].contains(
                where: text.contains)
        else { return "\(tool) does not take the options it needs: \(Self.words(of: reply, else: ""))" }
        return nil
    }

    /// Whether a text file on the board holds these bytes.
    private func holds(_ file: String, _ bytes: [UInt8]) async throws -> Bool {
        guard let algorithm = toolbox.checksumAlgorithms.first, let tool = toolbox.command(for: algorithm) else {
            return try await shell.run("cat \(file)", limit: bytes.count + 1024).output == bytes
        }
        let reply = try await shell.run("\(tool) <\(file)")
        let digest = reply.text.split(separator: "\n").lazy.compactMap { LinuxToolbox.digest($0, algorithm) }.first
        return digest == StreamingChecksum.digest(of: bytes, algorithm)
    }

    /// The program that a command line starts.
    private static func tool(_ command: String) -> String {
        let words = command.split(separator: " ").map(String.init)
        return (words.first == "busybox" ? words.dropFirst().first : words.first) ?? "the tool"
    }

    private static func words(of reply: ShellReply, else nothing: String) -> String {
        LinuxToolUsage(reply.text).summary ?? nothing
    }
}
