private import CDatagrams
import Glibc
import NIOCore
import SystemPackage

/// A UDP socket of one transfer. All its calls are for one thread.
struct TFTPSocket: Sendable {
    /// Datagrams that can come at once.
    static let atOnce = Int(FLASHKEEP_DATAGRAMS_AT_ONCE)

    /// An address as the kernel has it.
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

    /// - Throws: `Errno`, such as where the address is none of this computer's.
    init(on address: SocketAddress) throws(Errno) {
        var raw = Address(address).raw
        let result = unsafe flashkeep_datagrams_open(&raw, 4 << 20, 4 << 20)
        if result < 0 { throw Errno(rawValue: -result) }
        descriptor = result
    }

    func close() {
        try? SystemPackage.FileDescriptor(rawValue: descriptor).close()
    }

    /// What is there to be read.
    struct Readiness: OptionSet {
        let rawValue: CInt

        static let socket = Readiness(rawValue: 1)
        static let pipe = Readiness(rawValue: 2)
    }

    /// Waits for the socket or a pipe.
    ///
    /// - Parameter limit: how long; nil for without limit.
    func wait(orFor pipe: SystemPackage.FileDescriptor, atMost limit: Duration?) throws(Errno) -> Readiness {
        let result = flashkeep_datagrams_wait(descriptor, pipe.rawValue, limit.map(Self.nanoseconds) ?? -1)
        if result < 0 { throw Errno(rawValue: -result) }
        return Readiness(rawValue: result)
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        // Rounded up, so that what is awaited has happened.
        return overflow ? .max / 2 : max(0, whole) + attoseconds / 1_000_000_000 + 1
    }

    /// Sends datagrams in order. What cannot be sent is as good as lost on the way.
    func send(_ datagrams: [ByteBuffer], to address: Address) {
        var address = address.raw
        if let only = datagrams.first, datagrams.count == 1 {
            unsafe only.withUnsafeReadableBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                var length = UInt32(clamping: bytes.count)
                _ = unsafe flashkeep_datagrams_send(
                    descriptor, &address, start.assumingMemoryBound(to: UInt8.self), &length, 1)
            }
            return
        }
        // One behind the other: copying costs less than as many calls of the kernel.
        var all = ByteBuffer()
        all.reserveCapacity(datagrams.reduce(0) { $0 + $1.readableBytes })
        for datagram in datagrams { all.writeImmutableBuffer(datagram) }
        let lengths = datagrams.map { UInt32(clamping: $0.readableBytes) }
        unsafe all.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            _ = unsafe flashkeep_datagrams_send(
                descriptor, &address, start.assumingMemoryBound(to: UInt8.self), lengths, CInt(clamping: lengths.count))
        }
    }

    /// What has come from other addresses than the one that is awaited.
    struct Datagram {
        var bytes: ByteBuffer
        /// Nil where it came from the address that is awaited.
        var stranger: Address?
    }

    /// Receives with memory of its own, which is used again and again.
    struct Receiver {
        private let packetSize: Int
        private let count: Int
        private var area: ByteBuffer
        private var datagrams: [flashkeep_datagram]

        /// - Parameters:
        ///   - packetSize: bytes of a datagram that are of interest; the rest is cut off.
        ///   - count: datagrams at once, 1...``TFTPSocket/atOnce``.
        init(packetSize: Int, count: Int) {
            self.packetSize = min(max(1, packetSize), 65_536)
            self.count = min(max(1, count), TFTPSocket.atOnce)
            area = ByteBuffer()
            datagrams = Array(repeating: flashkeep_datagram(), count: self.count)
        }

        /// What has come already from a socket; never waits.
        mutating func receive(from socket: TFTPSocket, peer: Address) throws(Errno) -> [Datagram] {
            var peer = peer.raw
            var result: CInt = 0
            area.clear()
            unsafe area.writeWithUnsafeMutableBytes(minimumWritableBytes: packetSize * count) { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                result = unsafe flashkeep_datagrams_receive(
                    socket.descriptor, &peer, start.assumingMemoryBound(to: UInt8.self), packetSize, CInt(count),
                    &datagrams)
                return max(0, Int(result)) * packetSize
            }
            if result < 0 { throw Errno(rawValue: -result) }
            return datagrams.prefix(Int(result)).enumerated().map { index, datagram in
                let bytes = area.getSlice(at: index * packetSize, length: min(packetSize, Int(datagram.length)))
                return Datagram(
                    bytes: bytes ?? ByteBuffer(),
                    stranger: datagram.is_from_peer == 0 ? Address(raw: datagram.source) : nil)
            }
        }
    }
}
