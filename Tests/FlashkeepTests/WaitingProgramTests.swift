import Foundation
import Testing

/// The program itself with boards that never finish: its messages, its exit status, and Ctrl-C.
@Suite("The program and boards that talk, or do not", .timeLimit(.minutes(5)))
struct WaitingProgramTests {
    /// A board on a TCP port of this machine, for one client.
    private static let board = """
        import select, socket, sys, time
        text, every = sys.argv[1].encode().decode("unicode_escape").encode("latin-1"), float(sys.argv[2])
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        server.settimeout(60)
        client, _ = server.accept()
        position, end = 0, time.monotonic() + 240
        while time.monotonic() < end:
            time.sleep(every)
            try:
                # It goes when its client has gone, even if it has nothing to say.
                if select.select([client], [], [], 0)[0] and not client.recv(4096): break
                if text: client.sendall(text[position:position + 1])
            except OSError: break
            position = (position + 1) % max(1, len(text))
        """

    private struct Run {
        var status: Int32
        var output: String
        var errors: String
        var time: Duration
    }

    /// Runs `flashkeep info` with such a board.
    ///
    /// - Parameter interrupted: when to interrupt it, as with Ctrl-C.
    private func info(
        _ scheme: String, says text: String, every: Double, _ options: [String] = [], interrupted: Duration? = nil
    ) async throws -> Run {
        let board = Process()
        board.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        board.arguments = ["python3", "-S", "-c", Self.board, text, String(every)]
        let port = Pipe()
        board.standardOutput = port
        board.standardError = FileHandle.nullDevice
        try board.run()
        // Not SIGTERM: threads of this process block signals, and child processes inherit that.
        defer { kill(board.processIdentifier, SIGKILL) }
        var number = ""
        while !number.hasSuffix("\n") {
            number += String(decoding: try port.fileHandleForReading.read(upToCount: 1) ?? Data(), as: UTF8.self)
        }
        let program = Process()
        program.executableURL = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "flashkeep")
        program.arguments =
            ["info", "\(scheme)://127.0.0.1:\(number.filter(\.isNumber))", "--progress", "plain"] + options
        program.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        program.standardOutput = output
        program.standardError = errors
        let start = ContinuousClock.now
        let press = interrupted.map { time in
            Task {
                try await Task.sleep(for: time)
                // Instead of SIGINT, which is ignored if the tests run in the background.
                program.terminate()
            }
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            program.terminationHandler = { _ in continuation.resume() }
            do { try program.run() } catch { continuation.resume(throwing: error) }
        }
        press?.cancel()
        return Run(
            status: program.terminationStatus,
            output: String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self),
            errors: String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self),
            time: start.duration(to: .now))
    }

    @Test("Each ends in time, says what was heard, and has the right exit status")
    func ends() async throws {
        async let countdown = info("telnet", says: "Autobooting in 5 seconds\\r\\n", every: 0.5, ["--json"])
        async let nobody = info("tcp", says: "", every: 1, ["--json"])
        async let interrupted = info("tcp", says: "", every: 1, interrupted: .seconds(12))
        async let interruptedAmongWords = info(
            "telnet", says: "link is up\\r\\n", every: 0.01, interrupted: .seconds(6))

        let talks = try await countdown
        #expect(talks.status == 75, "\(talks)")
        let said = talks.output + talks.errors
        #expect(said.contains("no-reply-in-time") && said.contains("Autobooting in 5 seconds"), "\(talks)")
        #expect(talks.time < .seconds(90))

        let silent = try await nobody
        #expect(silent.status == 75, "\(silent)")
        #expect((silent.output + silent.errors).contains("board-silent"), "\(silent)")
        #expect(silent.time < .seconds(120))

        for run in [try await interrupted, try await interruptedAmongWords] {
            #expect(run.status == 130, "\(run)")
            #expect(run.errors.contains("Interrupted"), "\(run)")
            #expect(run.time < .seconds(30), "\(run)")
        }
    }
}
