import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import Testing
import Transfers
import UBootFlash

@testable import BoardAccess

/// This computer's side of uploads, with an independent TFTP client and sender of datagrams.
@Suite("This computer in a board's network", .serialized, .timeLimit(.minutes(2)))
struct LocalNetworkHostTests {
    private static let loopback = IPv4Address(value: 0x7F00_0001)

    /// A silent line.
    private final class Silent: BoardChannel {
        let inbox = ByteInbox()
        let traits = ChannelTraits(
            scheme: "serial", address: "made up", mayHaveTerminal: true, isReliable: false, isSlow: true)
        func read(timeout: Duration?) async throws -> ChannelRead { try await inbox.next(timeout: timeout) }
        func write(_ bytes: [UInt8], isSecret: Bool) async throws {}
    }

    private static func computer(_ channel: MergedChannel = MergedChannel(Silent())) -> LocalNetworkHost {
        LocalNetworkHost(channel, interfaces: { [] }, uploadPort: 0, consolePort: 0)
    }

    /// Writes bytes by TFTP as U-Boot does: octet mode, block size 1468 if it is granted (RFC 1350, 2348).
    ///
    /// - Returns: `done`, or the error's message.
    private static func put(_ bytes: [UInt8], as name: String, to port: Int) async throws -> String {
        let script = """
            import socket, struct, sys
            name, port = sys.argv[1], int(sys.argv[2])
            data = sys.stdin.buffer.read()
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('127.0.0.1', 0))
            s.settimeout(5)
            s.sendto(b'\\0\\2' + name.encode() + b'\\0octet\\0blksize\\0001468\\0', ('127.0.0.1', port))
            size, block = 512, 0
            while True:
                answer, peer = s.recvfrom(2000)
                code = struct.unpack('!H', answer[:2])[0]
                if code == 5:
                    print(answer[4:-1].decode()); break
                if code == 6:
                    size = int(answer[2:].split(b'\\0')[1])
                elif struct.unpack('!H', answer[2:4])[0] != block & 65535:
                    continue
                if block and len(data[(block - 1) * size:block * size]) < size:
                    print('done'); break
                block += 1
                s.sendto(struct.pack('!HH', 3, block & 65535) + data[(block - 1) * size:block * size], peer)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, name, String(port)]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let writer = Task.detached {
            try input.fileHandleForWriting.write(contentsOf: bytes)
            try input.fileHandleForWriting.close()
        }
        let said = try await Task.detached { try output.fileHandleForReading.readToEnd() ?? Data() }.value
        try await writer.value
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("An expected upload is accepted once, complete, and only from its board")
    func uploads() async throws {
        let computer = Self.computer()
        let port = try await computer.start(Self.loopback)
        let bytes = (0..<100_001).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        computer.expect("one", count: bytes.count, from: Self.loopback)
        #expect(computer.collect("none") == nil)
        #expect(try await Self.put(bytes, as: "one", to: port) == "done")
        #expect(computer.collect("one") == bytes)
        #expect(computer.collect("one") == nil)
        // It is no longer expected.
        #expect(try await Self.put(bytes, as: "one", to: port) != "done")
        for (name, size) in [("short", bytes.count - 1), ("long", bytes.count + 1), ("nothing", 0)] {
            computer.expect(name, count: bytes.count, from: Self.loopback)
            #expect(try await Self.put(Array((bytes + [1]).prefix(size)), as: name, to: port) != "done", "\(name)")
            #expect(computer.collect(name) == nil, "\(name)")
        }
        computer.expect("other", count: bytes.count, from: IPv4Address(value: 0x7F00_0002))
        #expect(try await Self.put(bytes, as: "other", to: port) != "done")
        #expect(computer.collect("other") == nil)
        // An upload after one that failed.
        computer.expect("again", count: 3, from: Self.loopback)
        #expect(try await Self.put([1, 2], as: "again", to: port) != "done")
        #expect(try await Self.put([1, 2, 3], as: "again", to: port) == "done")
        #expect(computer.collect("again") == [1, 2, 3])
        await computer.close()
        await computer.close()
    }

    /// Reads bytes by TFTP as U-Boot does.
    ///
    /// - Returns: the bytes as hexadecimal digits; nil if the server refuses.
    private static func get(_ name: String, from port: Int) async throws -> String? {
        let script = """
            import socket, struct, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('127.0.0.1', 0))
            s.settimeout(5)
            s.sendto(b'\\0\\1' + sys.argv[1].encode() + b'\\0octet\\0blksize\\0001468\\0', ('127.0.0.1', int(sys.argv[2])))
            size, data = 512, b''
            while True:
                answer, peer = s.recvfrom(2000)
                code, block = struct.unpack('!HH', answer[:4])
                if code == 5:
                    print('refused'); break
                if code == 6:
                    size, block = int(answer[2:].split(b'\\0')[1]), 0
                else:
                    data += answer[4:]
                s.sendto(struct.pack('!HH', 4, block), peer)
                if code == 3 and len(answer) < size + 4:
                    print(data.hex()); break
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, name, String(port)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = try await Task.detached { try output.fileHandleForReading.readToEnd() ?? Data() }.value
        process.waitUntilExit()
        let text = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text == "refused" ? nil : text
    }

    @Test("An offer is served from memory, only to its board, until it is withdrawn")
    func loads() async throws {
        let computer = Self.computer()
        let port = try await computer.start(Self.loopback)
        let bytes = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        computer.offer("one", bytes, to: Self.loopback)
        computer.offer("other", bytes, to: IPv4Address(value: 0x7F00_0002))
        #expect(try await Self.get("one", from: port) == Hexadecimal.text(bytes))
        // A board that gives up starts again.
        #expect(try await Self.get("one", from: port) == Hexadecimal.text(bytes))
        #expect(try await Self.get("other", from: port) == nil)
        #expect(try await Self.get("none", from: port) == nil)
        #expect(computer.withdraw("one"))
        #expect(!computer.withdraw("one") && !computer.withdraw("other") && !computer.withdraw("none"))
        #expect(try await Self.get("one", from: port) == nil)
        await computer.close()
    }

    @Test("If the server cannot start, that is an error at once, and the next attempt succeeds")
    func port() async throws {
        let computer = Self.computer()
        do {
            try await computer.serve(at: IPv4Address(value: 0xC000_0201))
            Issue.record("nobody has that address")
        } catch let error as FlashkeepError {
            #expect(error.code == .portUnavailable)
        }
        try await computer.serve(at: Self.loopback)
        try await computer.serve(at: Self.loopback)
        await computer.close()
    }

    @Test("A board's output over the network is merged with its line")
    func console() async throws {
        let channel = MergedChannel(Silent())
        let computer = Self.computer(channel)
        let port = try await computer.listen(at: Self.loopback, to: Self.loopback)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                + "s.bind(('127.0.0.1',0)); s.sendto(b'=> ',('127.0.0.1',int(sys.argv[1])))", String(port),
        ]
        try process.run()
        #expect(try await channel.read(timeout: .seconds(20)) == .bytes(Array("=> ".utf8)))
        process.waitUntilExit()
        await computer.stopListening()
        #expect(try await channel.read(timeout: .milliseconds(20)) == .timedOut)
        await computer.close()
    }
}
