package import NIOCore

/// An option of a request or its answer (RFC 2347); names are case-insensitive.
package struct TFTPOption: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A client's request.
package struct TFTPRequest: Sendable, Equatable {
    /// Any UTF-8 text that is not empty.
    package var name: String
    /// `octet`, in any case, or whatever else was sent.
    package var mode: String
    /// In the order of the packet; names may be repeated.
    package var options: [TFTPOption]

    package init(name: String, mode: String = "octet", options: [TFTPOption] = []) {
        self.name = name
        self.mode = mode
        self.options = options
    }
}

/// A TFTP datagram (RFC 1350 section 5, RFC 2347).
package enum TFTPPacket: Sendable, Equatable {
    case read(TFTPRequest)
    case write(TFTPRequest)
    case data(block: UInt16, payload: ByteBuffer)
    case acknowledgement(block: UInt16)
    case error(TFTPError)
    case optionAcknowledgement([TFTPOption])

    /// Why a datagram is not a valid packet.
    package enum Malformation: Error, Sendable, Equatable {
        /// Too short for its operation, or without the NUL that ends a text.
        case truncated
        /// An unknown operation.
        case unknownOperation
        /// A name or mode that is empty or not UTF-8.
        case text
        /// Options that are truncated, too many, or not UTF-8; everything before them was understood.
        case options
    }

    private enum Operation {
        static let read: UInt16 = 1
        static let write: UInt16 = 2
        static let data: UInt16 = 3
        static let acknowledgement: UInt16 = 4
        static let error: UInt16 = 5
        static let optionAcknowledgement: UInt16 = 6
    }

    /// The size in bytes of a DATA packet's header.
    package static let headerSize = 4
    /// More options than all RFCs together define; any beyond are noise.
    package static let optionLimit = 32
    /// The maximum number of message bytes sent in an ERROR packet.
    static let messageLimit = 400

    /// Decodes a datagram. Bytes after an ACK, and after the message of an ERROR, are ignored.
    ///
    /// - Parameter bytes: a whole datagram, of any length and content.
    /// - Throws: what is wrong with it; never traps.
    package init(decoding bytes: ByteBuffer) throws(Malformation) {
        var rest = bytes
        guard let operation = rest.readInteger(as: UInt16.self) else { throw .truncated }
        switch operation {
        case Operation.read: self = .read(try Self.request(&rest))
        case Operation.write: self = .write(try Self.request(&rest))
        case Operation.data:
            guard let block = rest.readInteger(as: UInt16.self) else { throw .truncated }
            self = .data(block: block, payload: rest)
        case Operation.acknowledgement:
            guard let block = rest.readInteger(as: UInt16.self) else { throw .truncated }
            self = .acknowledgement(block: block)
        case Operation.error:
            guard let code = rest.readInteger(as: UInt16.self) else { throw .truncated }
            // Some clients omit the NUL or the message; the code is what counts.
            let message = rest.readableBytesView.prefix { $0 != 0 }
            self = .error(TFTPError(.init(rawValue: code), String(decoding: message, as: UTF8.self)))
        case Operation.optionAcknowledgement: self = .optionAcknowledgement(try Self.options(&rest))
        default: throw .unknownOperation
        }
    }

    private static func request(_ rest: inout ByteBuffer) throws(Malformation) -> TFTPRequest {
        guard let name = nextText(&rest), let mode = nextText(&rest) else { throw .truncated }
        guard let name = String(validating: name, as: UTF8.self), !name.isEmpty,
            let mode = String(validating: mode, as: UTF8.self), !mode.isEmpty
        else { throw .text }
        return TFTPRequest(name: name, mode: mode, options: try options(&rest))
    }

    private static func options(_ rest: inout ByteBuffer) throws(Malformation) -> [TFTPOption] {
        var options: [TFTPOption] = []
        while rest.readableBytes > 0 {
            // Some boot ROMs pad their requests with zeros.
            if rest.readableBytesView.allSatisfy({ $0 == 0 }) { break }
            guard options.count < optionLimit, let name = nextText(&rest), let value = nextText(&rest),
                let name = String(validating: name, as: UTF8.self), !name.isEmpty,
                let value = String(validating: value, as: UTF8.self)
            else { throw .options }
            options.append(TFTPOption(name, value))
        }
        return options
    }

    /// Removes and returns the bytes up to the next NUL, which is removed too; nil if there is none.
    private static func nextText(_ rest: inout ByteBuffer) -> ByteBufferView? {
        let view = rest.readableBytesView
        guard let end = view.firstIndex(of: 0) else { return nil }
        let text = view[view.startIndex..<end]
        rest.moveReaderIndex(forwardBy: end - view.startIndex + 1)
        return text
    }

    /// Appends the packet to a buffer. A NUL within a text ends the text.
    package func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .read(let request): Self.encode(Operation.read, request, into: &buffer)
        case .write(let request): Self.encode(Operation.write, request, into: &buffer)
        case .data(let block, var payload):
            Self.encodeDataHeader(block: block, into: &buffer)
            buffer.writeBuffer(&payload)
        case .acknowledgement(let block):
            buffer.writeInteger(Operation.acknowledgement)
            buffer.writeInteger(block)
        case .error(let error):
            buffer.writeInteger(Operation.error)
            buffer.writeInteger(error.code.rawValue)
            Self.encode(error.message, limit: Self.messageLimit, into: &buffer)
        case .optionAcknowledgement(let options):
            buffer.writeInteger(Operation.optionAcknowledgement)
            Self.encode(options, into: &buffer)
        }
    }

    /// The packet as a datagram.
    package var datagram: ByteBuffer {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return buffer
    }

    /// Appends the header of a DATA packet: ``headerSize`` bytes.
    static func encodeDataHeader(block: UInt16, into buffer: inout ByteBuffer) {
        buffer.writeInteger(Operation.data)
        buffer.writeInteger(block)
    }

    private static func encode(_ operation: UInt16, _ request: TFTPRequest, into buffer: inout ByteBuffer) {
        buffer.writeInteger(operation)
        encode(request.name, into: &buffer)
        encode(request.mode, into: &buffer)
        encode(request.options, into: &buffer)
    }

    private static func encode(_ options: [TFTPOption], into buffer: inout ByteBuffer) {
        for option in options {
            encode(option.name, into: &buffer)
            encode(option.value, into: &buffer)
        }
    }

    private static func encode(_ text: String, limit: Int = .max, into buffer: inout ByteBuffer) {
        buffer.writeBytes(text.utf8.prefix { $0 != 0 }.prefix(limit))
        buffer.writeInteger(UInt8(0))
    }
}
