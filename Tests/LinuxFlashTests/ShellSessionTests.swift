import BoardChannels
import BoardConsoles
import FlashModel
import Foundation
import LinuxFlash
import Synchronization
import TestBoards
import Testing

/// Sessions with this computer's real shells, on a pipe and on pseudo-terminals.
@Suite struct ShellSessionTests {
    /// The shells that a board may have and this computer has.
    static let shells = ["dash", "bash", "busybox sh"].filter { shell in
        let program = shell.split(separator: " ")[0]
        return ["/bin", "/usr/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    private static let nonce = "0123456789abcdef"

    @Test(arguments: shells)
    func commandsAndRepliesOnAPipe(shell: String) async throws {
        try await LocalOpener(shell: shell.split(separator: " ").map(String.init)).withChannel { channel in
            try await check(channel)
        }
    }

    @Test(arguments: shells)
    func commandsAndRepliesOnATerminal(shell: String) async throws {
        try await TerminalOpener(command: shell.split(separator: " ").map(String.init)).withChannel { channel in
            try await check(channel)
        }
    }

    @Test("A telnetd that ignores a bare line feed", .timeLimit(.minutes(3)), arguments: shells)
    func aTelnetdWithoutLineFeeds(shell: String) async throws {
        let server = NVTServer(TerminalOpener(command: shell.split(separator: " ").map(String.init)))
        // The probe that shows that line feeds are ignored takes all of its time.
        var timing = ShellTiming()
        timing.probe = .seconds(1)
        try await server.withChannel { channel in
            #expect(channel.enterKey == "\r\0")
            try await check(channel, timing)
        }
        try await server.withChannel { channel in
            try await ShellSession.withShell(
                over: channel, credentials: Credentials(), nonce: Self.nonce, timing: timing
            ) { shell in
                let reply = try await shell.run("wc -l", input: "one\ntwo\n")
                #expect(reply.text.contains("2"))
            }
        }
    }

    @Test("A login behind a telnetd that ignores a bare line feed", .timeLimit(.minutes(3)))
    func aLoginWithoutLineFeeds() async throws {
        let login = SimulatedLogin(shell: ["busybox", "sh"], password: "s3cret!", every: .seconds(3_600))
        try await NVTServer(login).withChannel { channel in
            try await ShellSession.withShell(
                over: channel, credentials: Credentials(password: { "s3cret!" }), nonce: Self.nonce
            ) { shell in
                let reply = try await shell.run("echo hello")
                #expect(reply.text == "hello\n")
            }
        }
    }

    private func check(_ channel: any BoardChannel, _ timing: ShellTiming = ShellTiming()) async throws {
        try await ShellSession.withShell(
            over: channel, credentials: Credentials(), nonce: Self.nonce, timing: timing
        ) { shell in
            #expect(try await shell.run("echo hello").text == "hello\n")
            #expect(try await shell.run("printf abc").text == "abc")
            #expect(try await shell.run("true;(exit 7)").status == 7)
            #expect(try await shell.run("echo lost >&2").text.isEmpty)
            #expect(try await shell.run("echo kept >&2", mergesErrors: true).text == "kept\n")
            #expect(try await shell.run("cat").text.isEmpty, "a command must not read the session's input")
            // Text that resembles a marker is data.
            let word = shell.dialect.word
            #expect(try await shell.run("echo FK''\(word.dropFirst(2))E1:0:").text == "\(word)E1:0:\n")
            try await shell.define("twice", "twice(){\necho $1;echo $1\n}")
            #expect(try await shell.run("twice x").text == "x\nx\n")
            // A log that grows while it is read.
            let growing = "G=\"$G x\";printf \"log$G\""
            #expect(try await shell.run(growing, mayGrow: true).text == "log x")
            if !channel.traits.isReliable {
                await #expect(throws: FlashkeepError(.replyNotUnderstood, what: "", why: "", next: "")) {
                    _ = try await shell.run(growing)
                }
            }
            // Large output arrives completely.
            let big = try await shell.run("i=0;while [ $i -lt 3000 ];do echo $i-0123456789abcdef;i=$(($i+1));done")
            #expect(big.text.split(separator: "\n").count == 3_000)
        }
    }

    @Test(
        .timeLimit(.minutes(3)),
        arguments: [(true, 0.0), (true, 2.5), (false, 0.0), (false, 2.5)] as [(Bool, Double)])
    func aLoginIsFoundWhileTheKernelTalks(hasTimes: Bool, delay: Double) async throws {
        let login = SimulatedLogin(
            shell: ["busybox", "sh"], password: "s3cret!", every: .milliseconds(56), delay: .seconds(delay),
            hasTimes: hasTimes)
        // A read may return only the beginning of a message.
        var faults = LineFaults()
        faults.pieceSize = 25
        let transcript = Mutex("")
        do {
            try await FaultyOpener(login, faults, seed: 1).withChannel { channel in
                let start = ContinuousClock.now
                let recorded = RecordingChannel(
                    channel, detail: .everything, now: { start.duration(to: .now) },
                    sink: { entry in transcript.withLock { $0 += entry.line + "\n" } })
                try await ShellSession.withShell(
                    over: recorded, credentials: Credentials(password: { "s3cret!" }), nonce: Self.nonce
                ) { shell in
                    let reply = try await shell.run("echo hello")
                    #expect(reply.text == "hello\n")
                }
            }
        } catch {
            let lines = transcript.withLock { $0 }.split(separator: "\n").filter { !$0.contains("ath10k") }
            Issue.record("\(error)\n\(lines.joined(separator: "\n"))")
        }
    }

    @Test("A command line that gives each command to a shell of its own", .timeLimit(.minutes(2)))
    func separateShells() async throws {
        let error = await #expect(throws: FlashkeepError.self) {
            try await VendorCommandLine(listsShell: false).withChannel { channel in
                try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: Self.nonce) { _ in }
            }
        }
        #expect(error?.code == .replyNotUnderstood && error?.what.contains("do not share a shell") == true)
    }

    @Test("A command line that lists sh is asked for it, and is there again afterwards", .timeLimit(.minutes(2)))
    func aListedShell() async throws {
        try await VendorCommandLine(listsShell: true).withChannel { channel in
            try await check(channel)
            let console = Console(channel)
            try await console.send("help\n")
            let text = String(decoding: try await console.collect(quiet: .seconds(1)), as: UTF8.self)
            #expect(text.contains("logout"), "\(text)")
        }
    }

    @Test(
        "A program that is no shell and ends at once is told by its last words",
        arguments: [
            (["sh", "-c", "echo 'This account is currently not available.'; exit 1"], "not available"),
            (["sh", "-c", "read line; echo 'bad command name exec (line 1 column 1)'; exit 1"], "bad command name"),
            (["sh", "-c", "exit 1"], "test command"),
        ])
    func noShell(program: [String], words: String) async throws {
        let error = await #expect(throws: FlashkeepError.self) {
            try await LocalOpener(shell: program).withChannel { channel in
                try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: Self.nonce) { _ in }
            }
        }
        #expect(error?.code == .replyNotUnderstood)
        #expect(error?.why.contains(words) == true, "\(String(describing: error))")
    }

    @Test func aShellThatIsNoneIsSaid() async throws {
        var timing = ShellTiming()
        timing.arrival = .milliseconds(300)
        await #expect(throws: FlashkeepError(.replyNotUnderstood, what: "", why: "", next: "")) {
            try await LocalOpener(shell: ["cat"]).withChannel { channel in
                try await ShellSession.withShell(
                    over: channel, credentials: Credentials(), nonce: Self.nonce, timing: timing
                ) { _ in }
            }
        }
    }

    @Test func anEndingShellIsABoardLost() async throws {
        await #expect(throws: FlashkeepError(.boardLost, what: "", why: "", next: "")) {
            try await LocalOpener().withChannel { channel in
                try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: Self.nonce) {
                    _ = try await $0.run("exit 3")
                }
            }
        }
    }

    @Test func quoting() async throws {
        try await LocalOpener().withChannel { channel in
            try await ShellSession.withShell(over: channel, credentials: Credentials(), nonce: Self.nonce) { shell in
                for text in ["plain", "it's", "a b", "$(reboot)", "`x`", "\\", "\"", "", "*", "-n"] {
                    let reply = try await shell.run("printf %s \(ShellWord.quoted(text))")
                    #expect(reply.text == text)
                }
            }
        }
    }
}
