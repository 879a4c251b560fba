import NIOCore
import TestSupport
import Testing
import Transfers

@Suite struct TFTPPacketTests {
    static let request = TFTPRequest(
        name: "images/initramfs.bin",
        options: [.init("blksize", "1468"), .init("tsize", "0"), .init("WindowSize", "16")])
    static let samples: [TFTPPacket] = [
        .read(request), .write(request), .read(TFTPRequest(name: "a", mode: "netascii")),
        .data(block: 0, payload: ByteBuffer()), .data(block: 65_535, payload: ByteBuffer(bytes: 0...255)),
        .acknowledgement(block: 0), .acknowledgement(block: 65_535), .error(TFTPError(.diskFull, "")),
        .error(TFTPError(.init(rawValue: 77), "größer")), .optionAcknowledgement([]),
        .optionAcknowledgement([.init("tsize", "123456789012")]),
    ]

    @Test(arguments: samples)
    func whatIsWrittenIsRead(packet: TFTPPacket) throws {
        #expect(try TFTPPacket(decoding: packet.datagram) == packet)
    }

    /// A truncated request is never taken as a complete one with other content.
    @Test(arguments: samples)
    func everyTruncationIsSeenOrHarmless(packet: TFTPPacket) {
        let whole = packet.datagram
        for length in 0..<whole.readableBytes {
            let cut = whole.getSlice(at: whole.readerIndex, length: length) ?? ByteBuffer()
            let result = Result { () throws(TFTPPacket.Malformation) in try TFTPPacket(decoding: cut) }
            switch (packet, result) {
            case (.read(let full), .success(.read(let part))), (.write(let full), .success(.write(let part))):
                #expect(part.name == full.name && part.mode == full.mode)
                #expect(part.options == Array(full.options.prefix(part.options.count)))
            case (.data, .success(.data)), (.error, .success(.error)): #expect(length >= 4)
            case (.optionAcknowledgement, .success(.optionAcknowledgement)): #expect(length >= 2)
            case (_, .success(let other)): Issue.record("\(packet) cut to \(length) became \(other)")
            case (_, .failure): break
            }
        }
    }

    @Test func everyOperationButSixIsUnknown() {
        var wrong: [UInt16] = []
        for operation in UInt16.min ... .max {
            var bytes = ByteBuffer(integer: operation)
            bytes.writeBytes([0x61, 0, 0x62, 0])
            let isKnown = (1...6).contains(operation)
            let result = Result { () throws(TFTPPacket.Malformation) in try TFTPPacket(decoding: bytes) }
            if isKnown ? (try? result.get()) == nil : result != .failure(.unknownOperation) { wrong.append(operation) }
        }
        // Not in the loop: an expectation takes a hundred times as long as the check itself.
        #expect(wrong.isEmpty)
    }

    private func request(_ text: String) -> ByteBuffer {
        var bytes = ByteBuffer(integer: UInt16(1))
        bytes.writeString(text)
        return bytes
    }

    @Test func brokenRequestsAreNamed() {
        typealias Bad = TFTPPacket.Malformation
        #expect(throws: Bad.truncated) { try TFTPPacket(decoding: request("name")) }
        #expect(throws: Bad.truncated) { try TFTPPacket(decoding: request("name\0octet")) }
        #expect(throws: Bad.text) { try TFTPPacket(decoding: request("\0octet\0")) }
        #expect(throws: Bad.text) { try TFTPPacket(decoding: request("name\0\0")) }
        #expect(throws: Bad.options) { try TFTPPacket(decoding: request("n\0octet\0blksize\0")) }
        #expect(throws: Bad.options) { try TFTPPacket(decoding: request("n\0octet\0blksize\08")) }
        #expect(throws: Bad.options) { try TFTPPacket(decoding: request("n\0octet\0\08\0")) }
        let many = String(repeating: "a\0b\0", count: TFTPPacket.optionLimit + 1)
        #expect(throws: Bad.options) { try TFTPPacket(decoding: request("n\0octet\0" + many)) }
        var bytes = ByteBuffer(integer: UInt16(2))
        bytes.writeBytes([0xC3, 0x28, 0, 0x6F, 0])
        #expect(throws: Bad.text) { try TFTPPacket(decoding: bytes) }
    }

    @Test func zerosBehindARequestAreFilling() throws {
        let packet = try TFTPPacket(decoding: request("n\0octet\0tsize\00\0\0\0\0\0"))
        #expect(packet == .read(TFTPRequest(name: "n", options: [.init("tsize", "0")])))
    }

    @Test func hugeOptionsAreOnlyLong() throws {
        let long = String(repeating: "9", count: 60_000)
        let packet = try TFTPPacket(decoding: request("n\0octet\0blksize\0\(long)\0"))
        guard case .read(let request) = packet else { throw TFTPPacket.Malformation.text }
        let terms = TFTPNegotiation.terms(for: request.options, size: nil, limits: .sending)
        #expect(terms == TFTPTerms())
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix64(state: 1)
        var wrong: [TFTPPacket] = []
        for _ in 0..<200_000 {
            let count = Int.random(in: 0...40, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if count > 1, Bool.random(using: &random) {
                bytes[0] = 0
                bytes[1] = UInt8.random(in: 0...8, using: &random)
            }
            if let packet = try? TFTPPacket(decoding: ByteBuffer(bytes: bytes)) {
                // A decoded packet survives encoding and decoding, except for ignored parts.
                if case .error = packet { continue }
                if (try? TFTPPacket(decoding: packet.datagram)) != packet { wrong.append(packet) }
            }
        }
        #expect(wrong.isEmpty)
    }

    // MARK: Options

    private func terms(_ options: [(String, String)], size: Int? = nil, _ limits: TFTPLimits = .sending) -> TFTPTerms {
        TFTPNegotiation.terms(for: options.map { TFTPOption($0.0, $0.1) }, size: size, limits: limits)
    }

    @Test func optionsAreAgreedOnWithinTheirRanges() {
        #expect(terms([("blksize", "8")]).blockSize == 8)
        #expect(terms([("BLKSIZE", "1468")]).answer == [.init("BLKSIZE", "1468")])
        #expect(terms([("blksize", "65464")]).blockSize == 65_464)
        #expect(terms([("blksize", "65465")]).answer == [.init("blksize", "65464")])
        for bad in ["7", "0", "-8", "+8", "", "8x", " 8", "99999999999999999999"] {
            #expect(terms([("blksize", bad)]) == TFTPTerms(), "\(bad)")
        }
        #expect(terms([("timeout", "005")]).answer == [.init("timeout", "005")])
        #expect(terms([("timeout", "255")]).timeoutSeconds == 255)
        #expect(terms([("timeout", "0"), ("utimeout", "5")]) == TFTPTerms())
        #expect(terms([("timeout", "256")]) == TFTPTerms())
        #expect(terms([("tsize", "0")], size: 1 << 40).answer == [.init("tsize", "\(1 << 40)")])
        #expect(terms([("tsize", "0")]) == TFTPTerms())
        #expect(terms([("windowsize", "0")]) == TFTPTerms())
        #expect(terms([("windowsize", "65536")]) == TFTPTerms())
        #expect(terms([("windowsize", "64")]).windowSize == 64)
        #expect(terms([("blksize", "512"), ("blksize", "1024")]).answer == [.init("blksize", "512")])
    }

    @Test func aWindowFitsIntoMemoryWhereverTheBlockSizeStands() {
        let large = terms([("windowsize", "65535"), ("blksize", "65464")])
        #expect(large.windowSize == 16 && large.answer[0] == .init("windowsize", "16"))
        let received = terms([("blksize", "1468"), ("windowsize", "999")], .receiving)
        #expect(received.windowSize == 64)
    }

    @Test func anAnnouncedSizeMayBeNonsense() {
        #expect(TFTPNegotiation.announcedSize([.init("TSize", "77")]) == 77)
        #expect(TFTPNegotiation.announcedSize([.init("tsize", "-1")]) == nil)
        #expect(TFTPNegotiation.announcedSize([]) == nil)
    }
}
