import Foundation
import Glibc

/// An emulated board of the lab, for the duration of a test.
///
/// `FLASHKEEP_LAB=1` means that the lab's packages are installed (`make test` installs them and sets it); without it,
/// the lab's tests are skipped.
struct LabBoard {
    static let isAvailable = ProcessInfo.processInfo.environment["FLASHKEEP_LAB"] == "1"

    /// A device of the board, and what was stored on it.
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

    /// The program `flashkeep`, built next to the tests.
    static let program =
        Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "flashkeep")
        ?? repository.appending(path: ".build/debug/flashkeep")

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The time limit of a test, after which it has hung and fails. No test takes half as long, even on a busy machine.
    static let minutes = 10
    /// A board lives a minute longer than its test may take, so that the test fails first and reports where it hung.
    static let lifetime = ["--lifetime", "\(minutes * 60 + 60)"]

    /// Starts a board, runs the body, and stops the board.
    @discardableResult
    static func with<Result>(_ options: [String] = [], body: (LabBoard) async throws -> Result) async throws -> Result {
        // As the program does: writing to an SSH client that has exited must not end the tests.
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
        // In a separate task, so that it also runs after the time limit.
        _ = try await Task { try await run("Lab/board", ["stop", "--state", state.path]) }.value
        return try result.get()
    }

    /// The expected contents of a device, with bad blocks as 0xFF; nil if the lab does not know them.
    func expected(_ index: Int) -> Data? {
        try? Data(contentsOf: state.appending(path: "expected/mtd\(index).bin"))
    }

    /// The digests of all devices, computed by the lab, not by Flashkeep.
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

    /// The SSH client's configuration, in which the board is called `board`.
    var sshConfig: String { state.appending(path: "ssh_config").path }

    /// Runs a shell command on the board over SSH, without Flashkeep.
    func ssh(_ command: String) async throws -> String {
        try await Self.run("ssh", ["-F", sshConfig, "board", command]).output
    }

    /// Starts our program with its output in a file.
    func start(_ arguments: [String], log: URL) throws -> Process {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a program in the repository's folder and returns its output.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program.contains("/") ? repository.appending(path: program).path : program] + arguments
        process.currentDirectoryURL = repository
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // A file rather than a pipe, which a program that stays in the background would keep open.
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
