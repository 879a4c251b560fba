/// The sending side of a YMODEM transfer of one file. Pure: received bytes go in, bytes to send come out.
///
/// After Forsberg, "XMODEM/YMODEM Protocol Reference" (1988): blocks of 1024 bytes with CRC-16, a block 0 that names
/// the file and its size, and an empty block 0 after the last file. Receivers such as U-Boot's (`common/xyzModem.c`)
/// keep exactly as many bytes as block 0 announces.
package struct YMODEMSending: Sendable {
    private enum Control {
        static let soh: UInt8 = 0x01
        static let stx: UInt8 = 0x02
        static let eot: UInt8 = 0x04
        static let ack: UInt8 = 0x06
        static let nak: UInt8 = 0x15
        static let can: UInt8 = 0x18
        static let crc: UInt8 = 0x43
        static let padding: UInt8 = 0x1A
    }

    private enum State: Equatable {
        /// Waiting for the receiver's first `C`.
        case waiting
        case namedFile
        /// Block 0 was accepted; waiting for the `C` that requests data.
        case named
        case sent(block: Int)
        case ended
        /// The file is complete; waiting for the `C` that requests the next one.
        case asked
        case closed
        case over
    }

    /// The next action.
    package enum Step: Sendable, Equatable {
        case wait
        case send([UInt8])
        /// The receiver has everything.
        case done
        /// The receiver gave up, or does not answer; these bytes tell it that the transfer is over.
        case failed([UInt8])
    }

    /// The size in bytes of a data block.
    package static let blockSize = 1024
    /// The character by which the receiver requests the first block of a file. It is a letter, too.
    package static let request = Control.crc
    /// The maximum number of attempts to send a packet.
    private static let attempts = 10
    /// Two would do; one more in case the line loses a byte.
    private static let cancel = [UInt8](repeating: Control.can, count: 3)

    private let name: String
    private let bytes: [UInt8]
    private var state = State.waiting
    private var failures = 0
    private var cancels = 0

    /// - Parameter name: the name of the file. Only letters, digits, `.`, `-` and `_` are kept.
    package init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = String(
            name.unicodeScalars.filter {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || "._-".unicodeScalars.contains($0)
            }.map(Character.init).prefix(64))
    }

    /// Handles a byte from the receiver.
    package mutating func take(_ byte: UInt8) -> Step {
        cancels = byte == Control.can ? cancels + 1 : 0
        // A single one may be noise.
        if cancels > 1 { return fail([]) }
        switch (state, byte) {
        case (.waiting, Control.crc): return send(.namedFile)
        case (.namedFile, Control.ack): return enter(.named)
        case (.named, Control.crc): return send(blockCount > 0 ? .sent(block: 1) : .ended)
        case (.sent(let block), Control.ack): return send(block < blockCount ? .sent(block: block + 1) : .ended)
        case (.ended, Control.ack): return enter(.asked)
        case (.ended, Control.crc), (.asked, Control.crc): return send(.closed)
        case (.closed, Control.ack): return enter(.over)
        case (_, Control.nak): return again()
        default: return state == .over ? .done : .wait
        }
    }

    /// Handles several seconds of silence. Everything received before was handled.
    package mutating func timedOut() -> Step {
        switch state {
        // Some receivers accept one file and ask for no more.
        case .asked, .closed:
            state = .over
            return .done
        case .waiting, .named:
            failures += 1
            return failures > Self.attempts ? fail(Self.cancel) : .wait
        default: return again()
        }
    }

    /// Handles words in place of requests: the receiver has left the transfer, and whoever reads now must not get a block.
    package mutating func interrupted() -> Step {
        switch state {
        // Everything was sent. What became of it is in the words.
        case .ended, .asked, .closed, .over:
            state = .over
            return .done
        default: return fail([])
        }
    }

    private var blockCount: Int { (bytes.count + Self.blockSize - 1) / Self.blockSize }

    private mutating func enter(_ next: State) -> Step {
        state = next
        failures = 0
        return next == .over ? .done : .wait
    }

    private mutating func send(_ next: State) -> Step {
        state = next
        failures = 0
        return .send(packet)
    }

    private mutating func again() -> Step {
        failures += 1
        guard failures <= Self.attempts else { return fail(Self.cancel) }
        return packet.isEmpty ? .wait : .send(packet)
    }

    private mutating func fail(_ last: [UInt8]) -> Step {
        state = .over
        return .failed(last)
    }

    /// The packet that the current state sends and repeats.
    private var packet: [UInt8] {
        switch state {
        case .waiting, .named, .asked, .over: return []
        case .ended: return [Control.eot]
        case .namedFile: return Self.block(0, Array("\(name)\0\(bytes.count)\0".utf8), size: 128, padding: 0)
        case .closed: return Self.block(0, [], size: 128, padding: 0)
        case .sent(let block):
            let start = (block - 1) * Self.blockSize
            let part = bytes[start..<min(bytes.count, start + Self.blockSize)]
            return Self.block(block, Array(part), size: Self.blockSize, padding: Control.padding)
        }
    }

    private static func block(_ number: Int, _ bytes: [UInt8], size: Int, padding: UInt8) -> [UInt8] {
        let data = bytes + [UInt8](repeating: padding, count: max(0, size - bytes.count))
        let sum = checksum(data)
        let byte = UInt8(truncatingIfNeeded: number)
        return [size == 128 ? Control.soh : Control.stx, byte, ~byte] + data
            + [UInt8(truncatingIfNeeded: sum >> 8), UInt8(truncatingIfNeeded: sum)]
    }

    /// CRC-16 with the polynomial x^16 + x^12 + x^5 + 1, initial value 0, most significant bit first.
    package static func checksum(_ bytes: [UInt8]) -> UInt16 {
        bytes.reduce(0) { sum, byte in
            (0..<8).reduce(sum ^ UInt16(byte) << 8) { value, _ in value & 0x8000 != 0 ? value << 1 ^ 0x1021 : value << 1
            }
        }
    }
}
