import BackupBags
import BoardChannels
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// A backup through the telnetd of GNU inetutils, on this machine: its options, its terminal, its ends of lines, and the
/// urgent data that it sends at ^C.
@Suite(
    .enabled(if: TelnetServer.isAvailable, "inetutils-telnetd is not unpacked: make test does it"),
    .timeLimit(.minutes(LabBoard.minutes)))
struct TelnetdLabTests {
    @Test func aBoardBehindInetutilsTelnetd() async throws {
        let board = try FolderBoard(SampleBoards.router(), shell: "dash")
        let before = board.contents
        let server = try TelnetServer(shell: board.command)
        defer { server.stop() }
        let opener = TelnetOpener(host: "127.0.0.1", port: server.port)
        let options = BackupOptions(target: server.folder.path.appending("bag"), reconnects: 0)
        let report = try await Backup.run(board.connector(opener), options: options, environment: .simulated())
        // Byte by byte, with the hardware's own.
        let problems = BagCheck.problems(report, board.hardware)
        #expect(problems.isEmpty, "\(problems)")
        #expect(report.summary.isProven && report.summary.missing.isEmpty, "\(report.summary.sentences)")
        #expect(report.manifest.images.count == 5)
        #expect(board.offences.isEmpty && board.contents == before)
    }
}

/// A telnetd that gives a shell to each client.
final class TelnetServer {
    static let isAvailable =
        LabBoard.isAvailable
        && FileManager.default.fileExists(
            atPath: LabBoard.repository.appending(path: ".lab/inetutils-telnetd/telnetd").path)

    let folder: ScratchFolder
    let port: Int
    private let process = Process()
    /// The listener ends when this is closed.
    private let input = Pipe()

    /// - Parameter command: the shell's program and its arguments.
    init(shell command: [String]) throws {
        // As the program does: a connection that ends must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        folder = try ScratchFolder("telnetd")
        let login = folder.path.appending("login").string
        try folder.write("#!/bin/sh\nexec \(command.map(ShellWord.quoted).joined(separator: " "))\n", "login")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: login)
        let output = Pipe()
        process.executableURL = LabBoard.repository.appending(path: "Lab/telnetd")
        process.arguments = [login]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(said.filter(\.isNumber)) else { throw LabFailure(text: "Lab/telnetd gave no port") }
        self.port = port
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
