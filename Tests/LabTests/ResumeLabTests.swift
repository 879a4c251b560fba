import BackupBags
import Foundation
import Testing

/// The program itself, killed at several points of a backup and run again.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct ResumeLabTests {
    private func start(_ board: LabBoard, _ target: String, log: URL) throws -> Process {
        let process = Process()
        process.executableURL = LabBoard.program
        process.arguments = [
            "backup", "ssh:board", "--ssh-config", board.sshConfig, "--to", target, "--progress", "plain",
        ]
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// The number of bytes that the journal records.
    private func claimed(_ target: String) -> Int {
        let text = (try? String(contentsOfFile: "\(target).partial/journal.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").reduce(0) { sum, line in
            let length = line.firstRange(of: /"length":([0-9]+)/).map { line[$0].filter(\.isNumber) } ?? "0"
            return sum + (Int(length) ?? 0)
        }
    }

    @Test func killedAtSeveralPointsItGoesOnAndEndsRight() async throws {
        try await LabBoard.with(["--nor", "8192:64", "--nand", "small"]) { board in
            let target = board.state.appending(path: "backup").path
            let log = board.state.appending(path: "log")
            let before = try await board.digests()
            // Before anything is recorded, then after each of these numbers of MiB.
            for point in [0, 8, 16, 30] {
                let process = try start(board, target, log: log)
                let deadline = ContinuousClock.now + .seconds(180)
                while claimed(target) < point << 20 || !FileManager.default.fileExists(atPath: "\(target).partial") {
                    guard process.isRunning, ContinuousClock.now < deadline else {
                        throw LabFailure(text: "it ended too soon: \(try String(contentsOf: log, encoding: .utf8))")
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(!FileManager.default.fileExists(atPath: target), "half a backup must not look like one")
                #expect(!FileManager.default.fileExists(atPath: "\(target).partial/bag/bagit.txt"))
            }
            let process = try start(board, target, log: log)
            process.waitUntilExit()
            let said = try String(contentsOf: log, encoding: .utf8)
            // 4: the emulated chip reports a larger size than its driver shows.
            #expect([0, 4].contains(process.terminationStatus), "\(said)")
            #expect(said.lowercased().contains("resuming "), "\(said)")
            let manifest = try Manifest.decode(
                [UInt8](Data(contentsOf: URL(fileURLWithPath: target).appending(path: "flashkeep.json"))))
            for device in board.devices {
                let record = try #require(manifest.partitions.first { $0.index == device.index })
                let view = try #require(record.view)
                let bytes = try Data(contentsOf: URL(fileURLWithPath: target).appending(path: view.image))
                #expect(bytes == board.expected(device.index), "mtd\(device.index)")
            }
            #expect(Summary(of: manifest).isProven)
            #expect(try await board.digests() == before)
        }
    }
}
