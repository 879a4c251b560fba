import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import Testing

/// Failures on real boards, and the errors that report them.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct TroubleLabTests {
    @Test func boardsWithoutMTDSaySo() async throws {
        for (options, code) in [(["--mtd", "none"], FlashkeepError.Code.noMTD), (["--mtd", "empty"], .noPartitions)] {
            try await LabBoard.with(options) { board in
                await #expect(throws: FlashkeepError(code, what: "", why: "", next: "")) {
                    _ = try await board.backup(.ssh)
                }
            }
        }
    }

    @Test func wrongUsersKeysAndPasswords() async throws {
        try await LabBoard.with(BackupLabTests.tiny + ["--console", "login"]) { board in
            func expect(
                _ code: FlashkeepError.Code, _ settings: SSHOpener.Settings,
                sourceLocation: SourceLocation = #_sourceLocation
            ) async {
                let connector = LinuxConnector(
                    opener: SSHOpener(settings), credentials: Credentials(), environment: .testing)
                await #expect(
                    throws: FlashkeepError(code, what: "", why: "", next: ""), sourceLocation: sourceLocation
                ) {
                    _ = try await connector.withBoard(transcript: TranscriptLog()) { try await $0.survey().survey }
                }
            }
            func settings(_ destination: String, _ options: [String] = [], port: Int? = nil) -> SSHOpener.Settings {
                SSHOpener.Settings(
                    destination: destination, port: port, configFile: board.sshConfig, options: options,
                    isInteractive: false)
            }
            await expect(.notRoot, settings("user@board"))
            await expect(.authenticationFailed, settings("nobody@board"))
            await expect(.authenticationFailed, settings("board", ["PubkeyAuthentication=no"]))
            await expect(.hostNotFound, settings("no-such-board.invalid"))
            await expect(.connectionRefused, settings("127.0.0.1", port: 1))
            let empty = board.state.appending(path: "empty")
            try Data().write(to: empty)
            await expect(.hostKeyUnknown, settings("board", ["UserKnownHostsFile=\(empty.path)"]))
            // Another machine's key under this board's name.
            let known = board.state.appending(path: "changed")
            let key = try String(contentsOf: board.state.appending(path: "id_ed25519.pub"), encoding: .utf8)
            let body = key.split(separator: " ").prefix(2).joined(separator: " ")
            try "[127.0.0.1]:\(try board.port("ssh")) \(body)\n".write(to: known, atomically: true, encoding: .utf8)
            await expect(.hostKeyChanged, settings("board", ["UserKnownHostsFile=\(known.path)"]))

            await #expect(throws: FlashkeepError(.authenticationFailed, what: "", why: "", next: "")) {
                _ = try await board.backup(.telnet, password: "wrong")
            }
            await #expect(throws: FlashkeepError(.passwordNeeded, what: "", why: "", next: "")) {
                _ = try await board.backup(.serial)
            }
        }
    }

    /// A reboot loses only the operation in progress: the same run waits, logs in again and continues.
    @Test(arguments: [LabBoard.Way.ssh, .telnet, .serial])
    func aBoardThatRestartsInTheMiddleIsGoneOnWith(_ way: LabBoard.Way) async throws {
        let flash = way == .ssh ? ["--nand", "small", "--nor", "1024:64"] : BackupLabTests.tiny
        try await LabBoard.with(flash + ["--reboots", "--console", "login"]) { board in
            let restarts = Mutex(0)
            let report = try await board.backup(way, options: BackupOptions(), password: "flashkeep") { event in
                guard case .advanced(let done, let total?) = event, done > total / 3 else { return }
                let isFirst = restarts.withLock { restarts in
                    restarts += 1
                    return restarts == 1
                }
                guard isFirst else { return }
                Task { _ = try? await board.ssh("echo b >/proc/sysrq-trigger") }
            }
            try board.expectSameBytes(report)
            #expect(report.summary.isProven, "\(report.summary.sentences)")
            #expect(report.manifest.capture.retries > 0, "it was not even restarted")
        }
    }

    @Test func aBoardThatDiesInTheMiddleLeavesAResumableBackup() async throws {
        try await LabBoard.with(["--nand", "small", "--nor", "1024:64"]) { board in
            var options = BackupOptions()
            options.target = .init(board.state.appending(path: "backup").path)
            options.reconnects = 0
            let pid = try String(contentsOf: board.state.appending(path: "qemu.pid"), encoding: .utf8)
                .filter(\.isNumber)
            let target = options
            await #expect(throws: FlashkeepError(.boardLost, what: "", why: "", next: "")) {
                _ = try await Backup.run(
                    try board.connector(.ssh), options: target, environment: .testing,
                    progress: { event in
                        if case .advanced(let done, _) = event, done > 8 << 20, let pid = Int32(pid) { kill(pid, 9) }
                    })
            }
            let partial = board.state.appending(path: "backup.partial")
            #expect(FileManager.default.fileExists(atPath: partial.path))
            #expect(!FileManager.default.fileExists(atPath: board.state.appending(path: "backup").path))
        }
    }
}
