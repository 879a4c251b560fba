private import CSerialPort
private import FlashModel
private import Glibc
private import NIOPosix
private import Synchronization

/// Controls the bit rate of an open serial port.
///
/// It has its own descriptor: when the stream breaks, the stream's descriptor is closed, and its number may be reused
/// for another file.
final class SerialLine: Sendable {
    private let descriptor: CInt
    private let address: String
    private let current: Mutex<Int>

    /// - Parameter descriptor: the open port; the caller keeps ownership.
    /// - Throws: `portUnavailable`.
    init(duplicating descriptor: CInt, address: String, rate: Int) throws {
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.address = address
        current = Mutex(rate)
        guard self.descriptor >= 0 else {
            throw FlashkeepError(
                .portUnavailable, what: "\(address) cannot be opened a second time.",
                why: SystemErrorText.words(forErrno: errno), next: "Close other programs, and try again.")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The rate last set, in bits per second.
    var rate: Int { current.withLock { $0 } }

    /// Sets the rate; see ``BoardChannel/setLineRate(_:)``.
    func set(_ rate: Int) async throws {
        guard let wanted = UInt32(exactly: rate), (50...4_000_000).contains(rate) else {
            throw cannot(rate, "No port supports such a rate.")
        }
        // Blocks until everything is sent, so it must not run on a thread that others need.
        let (result, made) = try await NIOThreadPool.singleton.runIfActive { [descriptor] () -> (CInt, UInt32) in
            var made: UInt32 = 0
            let result = flashkeep_serial_change_baud(descriptor, wanted)
            guard result == 0 else { return (result, made) }
            return (unsafe flashkeep_serial_baud(descriptor, &made), made)
        }
        guard result == 0 else { throw cannot(rate, SystemErrorText.words(forErrno: -result)) }
        current.withLock { $0 = rate }
        // Eight data bits are read correctly if both ends differ by less than half a bit in ten.
        guard abs(Int(made) - rate) * 40 <= rate else { throw cannot(rate, "The port sets it to \(made) instead.") }
    }

    private func cannot(_ rate: Int, _ why: String) -> FlashkeepError {
        FlashkeepError(
            .portUnavailable, what: "\(address) cannot be set to \(rate) baud.", why: why,
            next: "Try another rate; 115200 is the most common one.")
    }
}
