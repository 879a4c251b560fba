import Foundation
import Testing

/// The program itself where the computer gives it too little.
@Suite("The program and its computer's limits", .timeLimit(.minutes(1)))
struct ProgramLimitsTests {
    @Test("Too few open files are an error, whatever is to be reached", arguments: ["local:", "telnet://127.0.0.1:1"])
    func openFiles(address: String) async throws {
        let program = try #require(Bundle.main.executableURL).deletingLastPathComponent().appending(path: "flashkeep")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", "ulimit -n 10; exec \"$0\" info \"$1\"", program.path, address]
        shell.standardInput = FileHandle.nullDevice
        shell.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        shell.standardError = errors
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            shell.terminationHandler = { _ in continuation.resume() }
            do { try shell.run() } catch { continuation.resume(throwing: error) }
        }
        let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(shell.terminationReason == .exit, "\(text)")
        #expect(shell.terminationStatus != 0)
        #expect(text.contains("10 open files") && text.contains("ulimit -n"), "\(text)")
    }
}
