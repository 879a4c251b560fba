private import CDatagrams
import Glibc
import NIOCore
import SystemPackage

/// The UDP socket of one transfer. All calls must come from one thread.
struct TFTPSocket: Sendable {
    /// The maximum number of datagrams received at once.
    static let atOnce = Int(FLASHKEEP_DATAGRAMS_AT_ONCE)

    /// An address in the kernel's format.
    struct Address: Sendable {
        fileprivate var raw: sockaddr_storage

        fileprivate init(raw: sockaddr_storage) {
            self.raw = raw
        }

        init(_ address: SocketAddress) {
            var raw = sockaddr_storage()
            unsafe address.withSockAddr { pointer, size in
                unsafe withUnsafeMutableBytes(of: &raw) { target in
                    unsafe target.copyMemory(
                        from: UnsafeRawBufferPointer(start: pointer, count: min(size, target.count)))
                }
            }
            self.init(raw: raw)
        }
    }

    private let descriptor: CInt

    /// - Throws: `Errno`, for example if the address does not belong to this computer.
    init(on address: SocketAddress) throws(Errno) {
        var raw = Address(address).raw
        let result = unsafe flashkeep_datagrams_open(&raw, 4 << 20, 4 << 20)
        if result < 0 { throw Errno(rawValue: -result) }
        descriptor = result
    }

    func close() {
        try? SystemPackage.FileDescriptor(rawValue: descriptor).close()
    }

    /// What is ready to be read.
    struct Readiness: OptionSet {
        let rawValue: CInt

        static let socket = Readiness(rawValue: 1)
        static let pipe = Readiness(rawValue: 2)
    }

    /// Waits for the socket or a pipe.
    ///
    /// - Parameter limit: the maximum wait; nil for no limit.
    func wait(orFor pipe: SystemPackage.FileDescriptor, atMost limit: Duration?) throws(Errno) -> Readiness {
        let result = flashkeep_datagrams_wait(descriptor, pipe.rawValue, limit.map(Self.nanoseconds) ?? -1)
        if result < 0 { throw Errno(rawValue: -result) }
        return Readiness(rawValue: result)
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        // Rounded up, so that the awaited time has passed.
        return overflow ? .max / 2 : max(0, whole) + attoseconds / 1_000_000_000 + 1
    }

    /// Sets the maximum wait of a receive.
    func setLimit(_ limit: Duration) {
        _ = flashkeep_datagrams_limit(descriptor, Self.nanoseconds(limit))
    }

    /// Permanently ends the waiting of another thread: it receives an empty datagram.
    func wake() {
        flashkeep_datagrams_wake(descriptor)
    }

    /// Sends datagrams in order. A datagram that cannot be sent counts as lost in transit.
    func send(_ datagrams: [ByteBuffer], to address: Address) {
        if datagrams.count == 1 {
            unsafe datagrams[0].withUnsafeReadableBytes { bytes in
                unsafe send(bytes, [UInt32(clamping: bytes.count)], to: address)
            }
            return
        }
        // Concatenated: copying costs less than as many system calls.
        var all = ByteBuffer()
        all.reserveCapacity(datagrams.reduce(0) { $0 + $1.readableBytes })
        for datagram in datagrams { all.writeImmutableBuffer(datagram) }
        let lengths = datagrams.map { UInt32(clamping: $0.readableBytes) }
        unsafe all.withUnsafeReadableBytes { unsafe send($0, lengths, to: address) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, _ lengths: [UInt32], to address: Address) {
        guard let start = bytes.baseAddress else { return }
        unsafe withUnsafePointer(to: address.raw) { address in
            _ = unsafe flashkeep_datagrams_send(
                descriptor, address, start.assumingMemoryBound(to: UInt8.self), lengths, CInt(clamping: lengths.count))
        }
    }

    /// Receives into its own memory, which is reused.
    struct Receiver {
        private let packetSize: Int
        private let count: Int
        private let peer: Address
        private var area: ByteBuffer
        private var datagrams: [flashkeep_datagram]
        private var haste = flashkeep_haste()

        /// - Parameters:
        ///   - peer: the expected sender.
        ///   - packetSize: the number of bytes of a datagram to keep; the rest is cut off.
        ///   - count: the number of datagrams at once, 1...``TFTPSocket/atOnce``.
        init(peer: Address, packetSize: Int, count: Int) {
            self.peer = peer
            self.packetSize = min(max(1, packetSize), 65_536)
            self.count = min(max(1, count), TFTPSocket.atOnce)
            area = ByteBuffer()
            datagrams = Array(repeating: flashkeep_datagram(), count: self.count)
        }

        /// Receives the datagrams available at a socket.
        ///
        /// - Parameters:
        ///   - mayWait: whether to wait for the first, up to the socket's limit.
        ///   - take: receives the datagrams that are not empty; `stranger` is nil if they came from the expected
        ///     sender.
        /// - Returns: whether one was empty, which means that another thread may have ended the waiting.
        mutating func receive(
            from socket: TFTPSocket, mayWait: Bool, take: (_ bytes: ByteBuffer, _ stranger: Address?) -> Void
        ) throws(Errno) -> Bool {
            var result: CInt = 0
            area.clear()
            unsafe area.writeWithUnsafeMutableBytes(minimumWritableBytes: packetSize * count) { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                result = unsafe withUnsafePointer(to: peer.raw) { peer in
                    unsafe flashkeep_datagrams_receive(
                        socket.descriptor, mayWait ? 1 : 0, &haste, peer, start.assumingMemoryBound(to: UInt8.self),
                        packetSize, CInt(count), &datagrams)
                }
                return max(0, Int(result)) * packetSize
            }
            if result < 0 { throw Errno(rawValue: -result) }
            var hasEmpty = false
            for index in 0..<min(Int(result), datagrams.count) {
                let length = min(packetSize, Int(datagrams[index].length))
                guard length > 0, let bytes = area.getSlice(at: index * packetSize, length: length) else {
                    hasEmpty = true
                    continue
                }
                take(bytes, datagrams[index].is_from_peer == 0 ? Address(raw: datagrams[index].source) : nil)
            }
            return hasEmpty
        }
    }
}
