import BoardChannels
import FlashModel
import Foundation
import NIOCore
import NIOPosix
import Testing

/// The contract of every channel. The far end echoes its input, and closes after the byte 0x04.
@Suite struct ChannelContractTests {
    enum Kind: String, CaseIterable, Sendable {
        case process
        case tcp
        case telnet
        case pseudoTerminal
        case replacedSSH
    }

    /// Runs the body with a channel of this kind to an echoing far end.
    private func withEcho(_ kind: Kind, _ body: (any BoardChannel) async throws -> Void) async throws {
        switch kind {
        case .process:
            try await LocalOpener(shell: ["python3", "-c", Self.echo]).withChannel(body)
        case .replacedSSH:
            // A replacement for ssh that ignores its arguments.
            let script = FileManager.default.temporaryDirectory.appending(path: "fake-ssh-\(UUID().uuidString)")
            try "#!/bin/sh\nexec python3 -c '\(Self.echo.replacing("'", with: "'\\''"))'\n"
                .write(to: script, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
            defer { try? FileManager.default.removeItem(at: script) }
            try await SSHOpener(SSHOpener.Settings(destination: "board", program: script.path)).withChannel(body)
        case .tcp, .telnet:
            let isTelnet = kind == .telnet
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(EchoHandler())
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(server.localAddress?.port)
            if isTelnet {
                try await TelnetOpener(host: "127.0.0.1", port: port).withChannel(body)
            } else {
                try await TCPOpener(host: "127.0.0.1", port: port).withChannel(body)
            }
            try await server.close()
        case .pseudoTerminal:
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-c", Self.terminalEcho]
            let names = Pipe()
            process.standardOutput = names
            try process.run()
            let path = String(decoding: names.fileHandleForReading.availableData, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            try await SerialOpener(path: path, baud: 12_345).withChannel(body)
            process.terminate()
        }
    }

    @Test(.timeLimit(.minutes(2))) func aWriteThatNobodyTakesHearsItsCancellation() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let work = Task {
            try await TCPOpener(host: "127.0.0.1", port: port).withChannel { channel in
                // More than both ends can buffer.
                try await channel.write([UInt8](repeating: 0, count: 64 << 20))
            }
        }
        try await Task.sleep(for: .milliseconds(500))
        work.cancel()
        let start = ContinuousClock.now
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(start.duration(to: .now) < .seconds(20))
        try await server.close()
    }

    @Test(.timeLimit(.minutes(2))) func aCommandOfThisComputerThatHangsIsEnded() async throws {
        let start = ContinuousClock.now
        await #expect(throws: FlashkeepError(.commandFailed, what: "", why: "", next: "")) {
            try await LocalCommand.run("sleep 100", longest: .milliseconds(200))
        }
        #expect(start.duration(to: .now) < .seconds(30))
        try await LocalCommand.run("true", longest: .seconds(60))
    }

    private static let echo = """
        import os
        while True:
            data = os.read(0, 65536)
            if not data: break
            end = data.find(b"\\x04")
            while data:
                part = data if end < 0 else data[:end]
                data = data[os.write(1, part):] if part else b""
                if end >= 0: break
            if end >= 0: break
        """

    /// Echoes its input on a pseudo-terminal whose name it prints, and hangs up after 0x04.
    private static let terminalEcho = """
        import os, pty, select, sys, tty, time
        master, slave = pty.openpty()
        tty.setraw(slave)
        print(os.ttyname(slave), flush=True)
        parent = os.getppid()
        while True:
            # Whoever started it may be gone without a word.
            while not select.select([master], [], [], 1)[0]:
                if os.getppid() != parent: sys.exit()
            try: data = os.read(master, 4096)
            except OSError: break
            end = data.find(b"\\x04")
            part = data if end < 0 else data[:end]
            while part: part = part[os.write(master, part):]
            if end >= 0:
                os.close(slave); time.sleep(0.05); os.close(master); break
        """

    private final class EchoHandler: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = Self.unwrapInboundIn(data)
            let bytes = Array(buffer.readableBytesView)
            if let end = bytes.firstIndex(of: 4) {
                let last = context.channel.allocator.buffer(bytes: bytes[..<end])
                context.writeAndFlush(NIOAny(last), promise: nil)
                context.close(promise: nil)
            } else {
                context.writeAndFlush(data, promise: nil)
            }
        }
    }

    private func receive(_ channel: any BoardChannel, _ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard case .bytes(let more) = try await channel.read(timeout: .seconds(20)) else { break }
            bytes += more
        }
        return bytes
    }

    @Test(arguments: Kind.allCases)
    func everyByteValuePasses(_ kind: Kind) async throws {
        try await withEcho(kind) { channel in
            let bytes = (0...255).map { UInt8($0) }.filter { $0 != 4 } + [255, 255, 13, 0, 13, 10]
            try await channel.write(bytes)
            #expect(try await receive(channel, bytes.count) == bytes)
        }
    }

    @Test(arguments: Kind.allCases)
    func aMegabytePassesThoughNobodyReadsAtFirst(_ kind: Kind) async throws {
        // Unread data must neither be lost nor fill the memory; a terminal buffers only 4 KiB.
        let size = kind == .pseudoTerminal ? 3_000 : 1 << 20
        try await withEcho(kind) { channel in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }.map {
                $0 == 4 ? 5 : $0
            }
            async let sent: Void = channel.write(bytes)
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await receive(channel, size) == bytes)
            try await sent
        }
    }

    @Test(arguments: Kind.allCases)
    func silenceTimesOutAndLosesNothing(_ kind: Kind) async throws {
        try await withEcho(kind) { channel in
            #expect(try await channel.read(timeout: .milliseconds(30)) == .timedOut)
            try await channel.write(Array("later".utf8))
            #expect(try await receive(channel, 5) == Array("later".utf8))
        }
    }

    @Test(arguments: Kind.allCases)
    func theEndIsSeenAfterTheLastByteAndStays(_ kind: Kind) async throws {
        try await withEcho(kind) { channel in
            try await channel.write(Array("bye\u{4}".utf8))
            // A terminal that hangs up may discard unread data.
            let last = kind == .pseudoTerminal ? nil : try await receive(channel, 3)
            if let last { #expect(last == Array("bye".utf8)) }
            var isClosed = false
            for _ in 0..<3 where !isClosed {
                do {
                    isClosed = try await channel.read(timeout: .seconds(10)) == .closed
                } catch let error as FlashkeepError where error.code == .boardLost {
                    isClosed = true
                }
            }
            #expect(isClosed)
            do {
                #expect(try await channel.read(timeout: .milliseconds(50)) == .closed)
            } catch let error as FlashkeepError {
                #expect(error.code == .boardLost)
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func aCancelledReadEndsAtOnce(_ kind: Kind) async throws {
        try await withEcho(kind) { channel in
            let reading = Task { try await channel.read(timeout: nil) }
            try await Task.sleep(for: .milliseconds(50))
            reading.cancel()
            await #expect(throws: CancellationError.self) { _ = try await reading.value }
        }
    }

    @Test(arguments: Kind.allCases)
    func onlyALineOfThisComputerHasARate(_ kind: Kind) async throws {
        try await withEcho(kind) { channel in
            guard kind == .pseudoTerminal else {
                #expect(channel.lineRate == nil)
                await #expect(throws: FlashkeepError(.portUnavailable, what: "", why: "", next: "")) {
                    try await channel.setLineRate(57_600)
                }
                return
            }
            #expect(channel.lineRate == 12_345)
            for rate in [57_600, 921_600, 123_456, 12_345] {
                try await channel.setLineRate(rate)
                #expect(channel.lineRate == rate)
                try await channel.write(Array("at \(rate)".utf8))
                #expect(try await receive(channel, 3 + "\(rate)".utf8.count) == Array("at \(rate)".utf8))
            }
            await #expect(throws: FlashkeepError(.portUnavailable, what: "", why: "", next: "")) {
                try await channel.setLineRate(0)
            }
            #expect(channel.lineRate == 12_345)
        }
    }

    @Test func nobodyThereIsSaid() async throws {
        await #expect(throws: FlashkeepError(.connectionRefused, what: "", why: "", next: "")) {
            try await TCPOpener(host: "127.0.0.1", port: 1).withChannel { _ in }
        }
        await #expect(throws: FlashkeepError(.hostNotFound, what: "", why: "", next: "")) {
            try await TelnetOpener(host: "no-such-host.invalid").withChannel { _ in }
        }
        await #expect(throws: FlashkeepError(.portUnavailable, what: "", why: "", next: "")) {
            try await SerialOpener(path: "/dev/no-such-port").withChannel { _ in }
        }
        await #expect(throws: FlashkeepError(.portUnavailable, what: "", why: "", next: "")) {
            try await SerialOpener(path: "/dev/null").withChannel { _ in }
        }
        await #expect(throws: FlashkeepError(.programMissing, what: "", why: "", next: "")) {
            try await LocalOpener(shell: ["no-such-program"]).withChannel { _ in }
        }
    }
}
