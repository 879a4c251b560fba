import Foundation
import Glibc

/// An emulated board of the lab, for the length of a test.
///
/// `FLASHKEEP_LAB=1` says that the lab's packages are installed (`make test` does that and sets it); without it the
/// lab's tests are skipped.
struct LabBoard {
    static let isAvailable = ProcessInfo.processInfo.environment["FLASHKEEP_LAB"] == "1"

    /// A device of the board, as it was filled.
    struct Device: Decodable {
        var index: Int
        var name: String
        var size: Int
        var erasesize: Int
        var writesize: Int
        var type: String
        var badBlocks: [Int]
        var tableBlocks: [Int]
        var correctedBlocks: [Int]
        var failedBlocks: [Int]
        var liveBlocks: [Int]
    }

    let state: URL
    let devices: [Device]

    /// `flashkeep`, built beside the tests.
    static let program =
        Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "flashkeep")
        ?? repository.appending(path: ".build/debug/flashkeep")

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// After so many minutes a test has hung, and fails. None takes half as long, on a busy machine either.
    static let minutes = 10
    /// A board lives a minute longer than its test may, so that the test fails first and says where it hung.
    static let lifetime = ["--lifetime", "\(minutes * 60 + 60)"]

    /// Starts a board, runs the body, and ends the board.
    @discardableResult
    static func with<Result>(_ options: [String] = [], body: (LabBoard) async throws -> Result) async throws -> Result {
        // As the program does: an SSH client that has ended takes no more input, and that is no reason to die.
        signal(SIGPIPE, SIG_IGN)
        let state = FileManager.default.temporaryDirectory.appending(path: "flashkeep-lab-\(UUID().uuidString)")
        let started = try await run("Lab/board", ["start", "--state", state.path] + lifetime + options)
        defer { try? FileManager.default.removeItem(at: state) }
        guard started.status == 0 else {
            throw LabFailure(text: "the board did not start: \(started.output.suffix(2_000))")
        }
        let result: Swift.Result<Result, any Error>
        do {
            let table = try Data(contentsOf: state.appending(path: "expected/partitions.json"))
            let board = LabBoard(state: state, devices: try JSONDecoder().decode([Device].self, from: table))
            result = .success(try await body(board))
        } catch {
            result = .failure(error)
        }
        // In a task of its own: also where the test has taken too long.
        _ = try await Task { try await run("Lab/board", ["stop", "--state", state.path]) }.value
        return try result.get()
    }

    /// What this device must read as, bad blocks as 0xFF; nil where the lab does not know it.
    func expected(_ index: Int) -> Data? {
        try? Data(contentsOf: state.appending(path: "expected/mtd\(index).bin"))
    }

    /// The digests of all devices, read by the lab itself and not by Flashkeep.
    func digests() async throws -> String {
        let result = try await Self.run("Lab/board", ["digest", "--state", state.path])
        guard result.status == 0 else { throw LabFailure(text: "digest failed: \(result.output)") }
        return result.output
    }

    func port(_ service: String) throws -> Int {
        let text = try String(contentsOf: state.appending(path: "\(service)-port"), encoding: .utf8)
        guard let port = Int(text.filter(\.isNumber)) else { throw LabFailure(text: "no \(service) port") }
        return port
    }

    /// The SSH client's configuration, which knows the board as `board`.
    var sshConfig: String { state.appending(path: "ssh_config").path }

    /// Runs a shell command on the board by ssh, without Flashkeep.
    func ssh(_ command: String) async throws -> String {
        try await Self.run("ssh", ["-F", sshConfig, "board", command]).output
    }

    /// Runs a program in the repository's folder and collects what it prints.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program.contains("/") ? repository.appending(path: program).path : program] + arguments
        process.currentDirectoryURL = repository
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // A file, not a pipe: a program that stays in the background would keep a pipe open.
        let log = FileManager.default.temporaryDirectory.appending(path: "flashkeep-log-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in continuation.resume() }
                do {
                    try process.run()
                    if Task.isCancelled { process.terminate() }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            if process.isRunning { process.terminate() }
        }
        try handle.close()
        let output = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        return (process.terminationStatus, output)
    }
}

struct LabFailure: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}
