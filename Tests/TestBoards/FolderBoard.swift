package import BoardAccess
package import BoardChannels
package import FlashAccess
import FlashModel
import Foundation
package import LinuxFlash
import Synchronization
import SystemPackage
import TestSupport

/// A simulated board as a folder that looks like the root of one, read through real shells with real tools.
///
/// The shells have a `PATH` of their own with only the tools that this board has. Its `dd` is a script that moves the
/// ECC counters, stops early at unreadable bytes, and records what a reader must never do. Its flash consists of plain
/// files: a write replaces bytes, and never fails.
///
/// Each part names its evidence; `Documentation/Simulators.md` lists what has none.
package final class FolderBoard: Sendable {
    /// The origin of a board's tools.
    package enum Tools: String, Sendable, CaseIterable {
        case busybox
        case coreutils
    }

    /// Tools that every board has (`BackupLabTests`, poorBoardsAreReadBitExactOverEveryWay).
    package static let leastTools = ["dd", "cat", "mkdir", "rm"]
    /// All tools of a well-equipped board.
    package static let allTools =
        leastTools + [
            "gzip", "base64", "uuencode", "xxd", "hexdump", "od", "sha256sum", "sha1sum", "md5sum", "cksum", "stty",
            "head", "tail", "tr", "grep", "readlink", "mtdinfo",
        ]

    package let hardware: SimulatedHardware
    let scratch: ScratchFolder
    /// The shell's program and arguments, without the environment that they run in.
    let shell: [String]

    /// The folder that looks like a board's root; its name contains a quote and a blank.
    package var root: String { scratch.path.appending("root").string }
    var bin: String { scratch.path.appending("bin").string }

    /// - Parameters:
    ///   - shell: `sh` of the board: `dash`, `bash`, `busybox sh`. The one of busybox finds its applets without a
    ///     `PATH` (`shell/ash.c`, FEATURE_SH_STANDALONE): it has all tools, and none of them fails.
    ///   - tools: names of the tools that the board has.
    package init(
        _ hardware: SimulatedHardware, shell: String = "dash", tools: [String] = allTools,
        from source: Tools = .coreutils
    ) throws {
        self.hardware = hardware
        self.shell = shell.split(separator: " ").map(String.init)
        scratch = try ScratchFolder("it's a board")
        try makeTools(tools, source)
        try makeTree()
        try makeTroubles()
        try makePrograms(tools, source)
    }

    /// Shells of this computer that boards also have.
    package static let shells = ["dash", "bash", "busybox sh"].filter { shell in
        find(String(shell.prefix { $0 != " " })) != nil
    }

    // MARK: Access

    /// A pipe to the shell, like SSH without a terminal (`ReadingLabTests`, everyWayReadsNORAndNANDBitExact).
    package var pipe: any ChannelOpening { LocalOpener(shell: command) }

    /// A terminal with the shell behind it, like a serial console (`BackupLabTests`, aTerminalAsSerialLine).
    package func terminal(isSlow: Bool = true, expandsTabs: Bool = false) -> any ChannelOpening {
        TerminalOpener(command: command, isSlow: isSlow, expandsTabs: expandsTabs)
    }

    /// The shell's program and its arguments, with the environment that it runs in.
    package var command: [String] {
        let program = Self.find(shell[0]) ?? shell[0]
        // In its own folder: a command damaged by a bad line may create files.
        let start = ["/usr/bin/env", "-i", "--chdir=\(scratch.path.string)", "PATH=\(bin)", "HOME=/", "PS1=board # "]
        return start + [program] + shell.dropFirst()
    }

    package func connector(
        _ opener: any ChannelOpening, timing: ShellTiming = .quick, environment: OperationEnvironment? = nil,
        network: LinuxBoardNetwork? = nil
    ) -> LinuxConnector {
        LinuxConnector(
            opener: opener, credentials: Credentials(), environment: environment ?? .simulated(seed: Self.seed()),
            root: root, network: network, timing: timing)
    }

    private static let connectors = Mutex<UInt64>(0)

    /// Unique for each board of each process: all share the folder for temporary files, in which a session creates its
    /// own.
    private static func seed() -> UInt64 {
        connectors.withLock { number in
            number += 1
            return UInt64(UInt32(bitPattern: ProcessInfo.processInfo.processIdentifier)) << 32 | number
        }
    }

    /// Runs a script in the board's shell, with the board's tools, and no other variables than these besides `PATH`.
    ///
    /// - Returns: what it printed on both outputs.
    package func run(
        _ script: [String], variables: [String: String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        let command = command
        process.executableURL = URL(fileURLWithPath: command[0])
        let words = variables.map { "\($0.key)=\($0.value)" }
        // `env -i --chdir=FOLDER`, then variables, the shell and its arguments.
        process.arguments = command[1...2] + words + command.dropFirst(3) + script
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    // MARK: Observations

    /// Forbidden actions of a reader: writes, or reads of a bad block. One per line.
    package var offences: [String] {
        String(decoding: ScratchFolder.read(scratch.path.appending("offences")), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// All files of the board except counters and locks, which a read changes.
    package var contents: [String: [UInt8]] {
        scratch.snapshot("root").filter { !$0.key.hasSuffix("corrected_bits") && !$0.key.hasSuffix("ecc_failures") }
    }

    /// Writes a file of the board.
    package func write(_ text: String, _ path: String) throws { try scratch.write(text, "root/\(path)") }

    package func write(_ bytes: [UInt8], _ path: String) throws { try scratch.write(bytes, "root/\(path)") }

    /// Replaces a tool by a shell script.
    package func replace(_ tool: String, with script: String) throws {
        try? FileManager.default.removeItem(atPath: "\(bin)/\(tool)")
        try scratch.write("#!/bin/sh\nPATH=/bin:/usr/bin\n\(script)\n", "bin/\(tool)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(bin)/\(tool)")
    }

    /// Adds a tool of this computer.
    package func link(_ tool: String, to program: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(bin)/\(tool)", withDestinationPath: program)
    }

    /// Replaces a tool by a shell script, in which `$REAL` runs the original tool.
    package func wrap(_ tool: String, in script: String) throws {
        let real = scratch.path.appending("real").string
        try FileManager.default.createDirectory(atPath: real, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(bin)/\(tool)", toPath: "\(real)/\(tool)")
        let path = ShellWord.quoted("\(real)/\(tool)")
        try replace(tool, with: "REAL=fkreal\nfkreal() { \(path) \"$@\"; }\n\(script)")
    }

    /// Removes a tool.
    package func removeTool(_ tool: String) throws { try FileManager.default.removeItem(atPath: "\(bin)/\(tool)") }

    /// Moves a file of the board.
    package func move(_ path: String, to target: String) throws {
        let url = URL(fileURLWithPath: "\(root)/\(target)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: URL(fileURLWithPath: "\(root)/\(path)"), to: url)
    }

    /// Removes a file of the board.
    package func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: "\(root)/\(path)")
    }
}

extension ShellTiming {
    /// For shells on this computer, which answer immediately unless something was lost.
    package static var quick: ShellTiming {
        var timing = ShellTiming()
        timing.silence = .seconds(5)
        timing.arrival = .seconds(20)
        timing.quiet = .milliseconds(60)
        timing.probe = .seconds(2)
        return timing
    }
}
