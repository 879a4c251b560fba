/// The telnet protocol as a pure value: bytes from the network in, the board's bytes and replies out.
///
/// RFC 854 (commands, IAC escaping), RFC 855 (option negotiation), RFC 856 (binary), RFC 857 (echo), RFC 858 (suppress
/// go ahead), RFC 1073 (window size). Only a change of state is answered, so that two sides cannot acknowledge each
/// other forever (RFC 1143).
///
/// `CR NUL` is not mapped to `CR`: busybox's telnetd sends the terminal's output byte for byte, and flash data contains
/// that pair. If a telnetd does map, the pattern sent before any bulk data shows it.
package struct TelnetProtocol: Sendable {
    private enum Byte {
        static let se: UInt8 = 240
        static let sb: UInt8 = 250
        static let will: UInt8 = 251
        static let wont: UInt8 = 252
        static let `do`: UInt8 = 253
        static let dont: UInt8 = 254
        static let iac: UInt8 = 255
    }

    private enum Option {
        static let binary: UInt8 = 0
        static let echo: UInt8 = 1
        static let suppressGoAhead: UInt8 = 3
        static let windowSize: UInt8 = 31
    }

    private enum State: Sendable {
        case data
        case command
        case option(verb: UInt8)
        case subnegotiation
        case subnegotiationCommand
    }

    private var state = State.data
    /// Options performed by the board, as negotiated.
    private var remote: Set<UInt8> = []
    /// Options performed by this side, as negotiated.
    private var local: Set<UInt8> = []

    package init() {}

    /// Whether the board sends all eight bits without mapping line ends (RFC 856).
    package var receivesBinary: Bool { remote.contains(Option.binary) }

    /// What the Enter key sends: `CR NUL`, as people's clients do. A telnetd takes this and `CR LF` for Enter; a bare
    /// line feed is only a step down (RFC 854, "The NVT printer and keyboard"), and some telnetds ignore it. Once this
    /// side sends binary, `CR` stands for itself (RFC 856).
    package var enterKey: String { local.contains(Option.binary) ? "\r" : "\r\0" }

    /// Processes bytes from the network.
    ///
    /// - Returns: the board's data, and the reply to send.
    package mutating func receive(_ bytes: some Sequence<UInt8>) -> (data: [UInt8], reply: [UInt8]) {
        var data: [UInt8] = []
        var reply: [UInt8] = []
        for byte in bytes {
            switch state {
            case .data:
                if byte == Byte.iac { state = .command } else { data.append(byte) }
            case .command:
                switch byte {
                case Byte.iac:
                    data.append(byte)
                    state = .data
                case Byte.will, Byte.wont, Byte.do, Byte.dont:
                    state = .option(verb: byte)
                case Byte.sb:
                    state = .subnegotiation
                default:
                    // NOP, go ahead, data mark and the like carry no data for us.
                    state = .data
                }
            case .option(let verb):
                reply += answer(verb, byte)
                state = .data
            case .subnegotiation:
                // No agreed option has a subnegotiation towards us: skipped, whatever its length.
                if byte == Byte.iac { state = .subnegotiationCommand }
            case .subnegotiationCommand:
                state = byte == Byte.se ? .data : .subnegotiation
            }
        }
        return (data, reply)
    }

    /// Escapes bytes for the board.
    package static func escape(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(Byte.iac) else { return bytes }
        return bytes.flatMap { $0 == Byte.iac ? [Byte.iac, Byte.iac] : [$0] }
    }

    private mutating func answer(_ verb: UInt8, _ option: UInt8) -> [UInt8] {
        switch verb {
        case Byte.will:
            let isWanted = [Option.binary, Option.echo, Option.suppressGoAhead].contains(option)
            guard isWanted else { return [Byte.iac, Byte.dont, option] }
            return remote.insert(option).inserted ? [Byte.iac, Byte.do, option] : []
        case Byte.wont:
            return remote.remove(option) != nil ? [Byte.iac, Byte.dont, option] : []
        case Byte.do:
            switch option {
            case Option.binary, Option.suppressGoAhead:
                return local.insert(option).inserted ? [Byte.iac, Byte.will, option] : []
            case Option.windowSize:
                guard local.insert(option).inserted else { return [] }
                // A wide window keeps the board's line editor from wrapping what it echoes: 508 columns, 24 lines, two
                // bytes each, neither of them IAC.
                return [Byte.iac, Byte.will, option, Byte.iac, Byte.sb, option, 1, 252, 0, 24, Byte.iac, Byte.se]
            default:
                return [Byte.iac, Byte.wont, option]
            }
        default:
            return local.remove(option) != nil ? [Byte.iac, Byte.wont, option] : []
        }
    }
}
