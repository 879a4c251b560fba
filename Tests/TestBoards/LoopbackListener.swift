import Foundation
import Glibc
import Synchronization

/// A TCP port of 127.0.0.1 for simulated servers.
final class LoopbackListener: Sendable {
    let port: Int
    private let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        /// A thread waits for connections; it closes the port.
        var isServed = false
    }

    init() throws {
        // A client that goes away must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, length) = (descriptor, size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Serves connections until ``stop()``.
    ///
    /// - Parameter atOnce: whether each has a thread of its own; otherwise they are served one after another.
    func serve(atOnce: Bool = false, _ body: @escaping @Sendable (LoopbackConnection) -> Void) {
        state.withLock { $0.isServed = true }
        Thread.detachNewThread {
            defer { close(self.descriptor) }
            while true {
                let accepted = Glibc.accept(self.descriptor, nil, nil)
                if accepted < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                let work = { @Sendable in
                    let connection = LoopbackConnection(accepted)
                    body(connection)
                    connection.close()
                }
                if atOnce { Thread.detachNewThread(work) } else { work() }
            }
        }
    }

    /// The connection that was made by now; nil if there is none.
    func waiting() -> LoopbackConnection? {
        defer { stop() }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, 0) == 1 else { return nil }
        let accepted = Glibc.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : LoopbackConnection(accepted)
    }

    func stop() {
        state.withLock { state in
            if !state.isStopped {
                shutdown(descriptor, Int32(SHUT_RDWR))
                if !state.isServed { close(descriptor) }
            }
            state.isStopped = true
        }
    }
}

/// One connection to a ``LoopbackListener``.
final class LoopbackConnection {
    private let descriptor: Int32
    private var isClosed = false
    private var pending: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    /// The next line, without its end; nil at the end of the connection.
    func line() -> String? {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                let line = pending[..<end].filter { $0 != 0x0D }
                pending.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            pending += buffer.prefix(count)
        }
    }

    /// The next bytes; nil at the end of the connection.
    func bytes() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// Tells the other side that nothing more comes.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Waits until the other side has gone.
    func drain() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }
}
