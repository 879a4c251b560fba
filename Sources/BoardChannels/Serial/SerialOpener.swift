private import CSerialPort
private import FlashModel
private import Glibc

/// Opens a serial port or a pseudo-terminal of this computer: 8 data bits, no parity, one stop bit, no flow control.
package struct SerialOpener: ChannelOpening {
    package let traits: ChannelTraits
    private let path: String
    private let baud: Int

    /// - Parameter baud: bits per second, 50 to 4,000,000; any number, as far as the port's clock allows.
    package init(path: String, baud: Int = 115_200) {
        self.path = path
        self.baud = baud
        traits = ChannelTraits(
            scheme: "serial", address: "serial:\(path)", mayHaveTerminal: true, isReliable: false, isSlow: true)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        let descriptor = unsafe path.withCString { unsafe flashkeep_serial_open($0) }
        guard descriptor >= 0 else { throw cannotOpen(-descriptor) }
        let configured = flashkeep_serial_configure(descriptor, UInt32(clamping: baud))
        guard configured == 0 else {
            Glibc.close(descriptor)
            throw FlashkeepError(
                .portUnavailable, what: "\(path) cannot be set to \(baud) baud.",
                why: SystemErrorText.words(forErrno: -configured),
                next: "Try another rate: \(traits.address)?baud=115200 is the most common one.")
        }
        _ = flashkeep_serial_flush(descriptor)
        let line: SerialLine
        do {
            line = try SerialLine(duplicating: descriptor, address: traits.address, rate: baud)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return try await StreamChannel.owning(descriptor: descriptor, traits: traits, line: line, body: body)
    }

    private func cannotOpen(_ code: CInt) -> FlashkeepError {
        let next =
            switch code {
            case EACCES:
                "Add yourself to the port's group, usually with: sudo usermod -aG dialout $USER  (then log in again)."
            case ENOENT: "Check the cable and the name; ports are usually /dev/ttyUSB0, /dev/ttyACM0 or /dev/ttyS0."
            case EBUSY: "Close the other program that uses the port (screen, minicom, picocom, ModemManager)."
            case ENOTTY: "Give a serial port or a pseudo-terminal."
            default: "Check the cable and the name of the port."
            }
        return FlashkeepError(
            .portUnavailable, what: "\(path) cannot be opened as a serial port.",
            why: SystemErrorText.words(forErrno: code), next: next)
    }
}
