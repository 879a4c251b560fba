import BoardChannels
import Testing

/// RFC 854, 855, 1073 and 1143, and what busybox's telnetd really sends.
@Suite struct TelnetProtocolTests {
    /// The greeting of busybox 1.35: DO ECHO, DO NAWS, WILL ECHO, WILL SUPPRESS GO AHEAD.
    static let greeting: [UInt8] = [255, 253, 1, 255, 253, 31, 255, 251, 1, 255, 251, 3]

    @Test func theGreetingIsAnsweredOnce() {
        var telnet = TelnetProtocol()
        let (data, reply) = telnet.receive(Self.greeting)
        #expect(data.isEmpty)
        #expect(
            reply == [255, 252, 1]  // WONT ECHO
                + [255, 251, 31, 255, 250, 31, 1, 252, 0, 24, 255, 240]  // WILL NAWS, 508 x 24
                + [255, 253, 1] + [255, 253, 3])
        #expect(telnet.receive(Self.greeting).reply == [255, 252, 1])
    }

    @Test func acknowledgementsEnd() {
        var telnet = TelnetProtocol()
        _ = telnet.receive([255, 251, 3])
        // The peer confirms its earlier statement. No reply is sent, or two such peers would continue forever.
        #expect(telnet.receive([255, 251, 3]).reply.isEmpty)
        #expect(telnet.receive([255, 252, 3]).reply == [255, 254, 3])
        #expect(telnet.receive([255, 252, 3]).reply.isEmpty)
    }

    @Test func unknownOptionsAreRefused() {
        var telnet = TelnetProtocol()
        #expect(telnet.receive([255, 251, 39]).reply == [255, 254, 39])
        #expect(telnet.receive([255, 253, 24]).reply == [255, 252, 24])
    }

    @Test func allBytesComeThroughAtEveryCutting() {
        let payload = (0...255).map { UInt8($0) } + [255, 255, 13, 0, 13, 10, 255]
        let stream =
            Self.greeting + TelnetProtocol.escape(payload) + [255, 250, 24, 1, 255, 255, 2, 255, 240] + [255, 241]
        for cut in 0...stream.count {
            var telnet = TelnetProtocol()
            let first = telnet.receive(stream[..<cut])
            let second = telnet.receive(stream[cut...])
            #expect(first.data + second.data == payload)
        }
    }

    @Test func binaryIsTakenWhereOffered() {
        var telnet = TelnetProtocol()
        #expect(!telnet.receivesBinary)
        #expect(telnet.receive([255, 251, 0]).reply == [255, 253, 0])
        #expect(telnet.receivesBinary)
        #expect(telnet.enterKey == "\r\0")
        #expect(telnet.receive([255, 253, 0]).reply == [255, 251, 0])
        #expect(telnet.enterKey == "\r")
    }
}
