import Synchronization

/// The cable between a simulated board in its bootloader and this computer, with a TFTP server at this computer's end.
package final class SimulatedLoaderNetwork: Sendable {
    package enum Fault: Sendable {
        /// One bit is flipped. Without evidence: UDP may have no checksum (RFC 768).
        case flips(at: Int)
        /// One bit is flipped, another one each time.
        case drifts
        /// Fewer bytes arrive, as a whole file. Without evidence.
        case short(by: Int)
        /// More bytes arrive. Without evidence.
        case long(by: Int)
        /// The server refuses the transfer.
        case refused
        /// There are no more answers after this many bytes.
        case stalls(after: Int)
        /// All bytes arrive, and the acknowledgement of the last ones is lost.
        case losesEnd
        /// Another computer sends the same file first, or sends one to the board's own server.
        case stranger
        /// The board is reset after the transfer has begun: a watchdog.
        case resets
    }

    /// What the board learns.
    package enum Outcome: Sendable {
        case done
        case refused
        case silent
    }

    struct State {
        /// The addresses of this computer.
        var hosts: Set<String> = ["192.168.1.2"]
        var isServing = false
        var isClosed = false
        /// Name → the expected number of bytes, and from whom.
        var awaited: [String: (count: Int, board: String)] = [:]
        var arrived: [String: [UInt8]] = [:]
        var transfers = 0
        var faults: [Int: Fault] = [:]
        var repeated: (fault: Fault, every: Int)?
        var isConnected = true
        var strangersRefused = 0
    }

    let state = Mutex(State())

    package init() {}

    /// A fault of a transfer, by its number from 1.
    package func schedule(_ fault: Fault, at number: Int) { state.withLock { $0.faults[number] = fault } }
    /// A fault of every `every`th transfer.
    package func schedule(_ fault: Fault, every: Int) { state.withLock { $0.repeated = (fault, every) } }
    /// Unplugs the cable.
    package func disconnect() { state.withLock { $0.isConnected = false } }

    /// The number of transfers begun.
    package var transfers: Int { state.withLock { $0.transfers } }
    package var isClosed: Bool { state.withLock { $0.isClosed } }
    package var strangersRefused: Int { state.withLock { $0.strangersRefused } }

    /// Begins a transfer.
    ///
    /// - Returns: its fault; nil if it has none, or nothing gets through at all; and its number.
    func begin() -> (fault: Fault?, isConnected: Bool, number: Int) {
        state.withLock { state in
            state.transfers += 1
            let number = state.transfers
            let repeated = state.repeated.flatMap { number % $0.every == 0 ? $0.fault : nil }
            return (state.faults[number] ?? repeated, state.isConnected, number)
        }
    }

    /// The board sends a file to the server at this computer.
    ///
    /// - Parameter board: its address.
    /// - Returns: what it learns, and whether the board is reset.
    func upload(_ name: String, _ bytes: [UInt8], from board: String) -> (outcome: Outcome, isReset: Bool) {
        let (fault, isConnected, number) = begin()
        guard isConnected, state.withLock({ $0.isServing }) else { return (.silent, false) }
        var bytes = bytes
        switch fault {
        case .flips(let place): if bytes.indices.contains(place) { bytes[place] ^= 0x10 }
        case .drifts: Self.drift(&bytes, number)
        case .losesEnd:
            _ = take(name, bytes, from: board)
            return (.silent, false)
        case .short(let count): bytes.removeLast(min(count, bytes.count))
        case .long(let count): bytes += [UInt8](repeating: 0x5A, count: count)
        case .refused: return (.refused, false)
        case .stalls: return (.silent, false)
        case .stranger: _ = take(name, [UInt8](repeating: 0x11, count: bytes.count), from: "192.168.1.66")
        case .resets: return (.silent, true)
        case nil: break
        }
        return (take(name, bytes, from: board) ? .done : .refused, false)
    }

    /// Flips a bit in the middle, which depends on the number of the transfer.
    static func drift(_ bytes: inout [UInt8], _ number: Int) {
        guard !bytes.isEmpty else { return }
        bytes[(bytes.count / 2 + number % 5) % bytes.count] ^= 1 << UInt8(number % 8)
    }

    /// Whether an address is this computer's.
    func isHost(_ address: String) -> Bool { state.withLock { $0.hosts.contains(address) } }

    /// The server's end.
    ///
    /// - Returns: whether it accepts the file.
    private func take(_ name: String, _ bytes: [UInt8], from sender: String) -> Bool {
        state.withLock { state in
            guard let wanted = state.awaited[name] else { return false }
            guard wanted.board == sender else {
                state.strangersRefused += 1
                return false
            }
            guard wanted.count == bytes.count else { return false }
            state.arrived[name] = bytes
            return true
        }
    }
}
