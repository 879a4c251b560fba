import FlashModel
import Foundation
import Glibc
import Synchronization
import TestSupport

/// EVA, the bootloader of AVM's boxes, with its FTP server on 127.0.0.1, and every fault that a connection to it can have.
///
/// It answers as the loaders in the sources do that are named at each reply, refuses every command that is not one of
/// theirs, and counts those that would write as offences.
package final class SimulatedEVA: Sendable {
    package struct Behavior: Sendable {
        /// The lines of its environment, besides the partitions.
        package var environment = [
            "ProductID": "Fritz_Box_7170", "HWRevision": "94.1.1.0", "SerialNumber": "0000000000000000",
            "urlader-version": "1153", "firmware_info": "29.04.29", "maca": "00:04:0E:11:22:33",
            "flashsize": "0x00010000",
        ]
        /// The number of the first connection that is served; those before are refused, as by a board that is off. The
        /// first has the number 1.
        package var firstConnection = 1
        /// How many connections are served; then the system has started.
        package var connections = Int.max
        /// The greeting of a system's FTP server instead of its own.
        package var greeting = "220 ADAM2 FTP Server ready"
        /// Whether flash is sent. Newer loaders do not (IP-Phone-Forum, "Wie 7390 wiederbeleben").
        package var sends = true
        /// Whether the end of a transfer is signalled (Freetz wiki, save_mtd_2: it is not).
        package var signalsEnd = false
        /// Whether `CHECK` is known.
        package var checks = true
        /// Whether `PASV` is, rather than `P@SW` alone.
        package var hasPassive = true
        /// The exclusive-or of every checksum.
        package var wrongSum: UInt32 = 0
        /// The number of bytes after which the data connection closes, for so many further transfers.
        package var cut: (at: Int, times: Int)?
        /// The number of bytes after which the whole board is gone, once.
        package var dropAt: Int?
        /// The number of bytes after which nothing more comes.
        package var stallAt: Int?
        /// Whether replies to `GETENV` have no end.
        package var isEndless = false
        /// Whether nothing is answered at all after the login.
        package var isMute = false
        /// Whether more bytes follow those of the partition.
        package var sendsMore = false

        package init() {}
    }

    private struct State {
        var hardware: SimulatedHardware
        var behavior = Behavior()
        var connections = 0
        var commands: [String] = []
        var offences: [String] = []
    }

    package let port: Int
    private let listener: LoopbackListener
    private let state: Mutex<State>

    /// The address of mapped flash on these boxes.
    private static let base = 0x9000_0000

    /// - Parameter hardware: with one NOR chip; a partition's number is that of its `mtdN`.
    package init(_ hardware: SimulatedHardware, _ change: (inout Behavior) -> Void = { _ in }) throws {
        listener = try LoopbackListener()
        port = listener.port
        state = Mutex(State(hardware: hardware))
        state.withLock { change(&$0.behavior) }
        listener.serve { [weak self] connection in self?.serve(connection) }
    }

    package func stop() { listener.stop() }

    /// The commands so far.
    package var commands: [String] { state.withLock { $0.commands } }
    /// The commands that a loader takes for an order to write or restart.
    package var offences: [String] { state.withLock { $0.offences } }
    package var connections: Int { state.withLock { $0.connections } }

    package func change(_ change: @Sendable (inout Behavior) -> Void) { state.withLock { change(&$0.behavior) } }

    package func flash(_ change: @Sendable (inout SimulatedHardware) -> Void) {
        state.withLock { change(&$0.hardware) }
    }

    // MARK: A connection

    private func serve(_ connection: LoopbackConnection) {
        let (number, behavior) = state.withLock { state in
            state.connections += 1
            return (state.connections, state.behavior)
        }
        guard number >= behavior.firstConnection, number - behavior.firstConnection < behavior.connections else {
            return
        }
        // "220 ADAM2 FTP Server ready" (IP-Phone-Forum, "Fritzbox 7490 recovery funktioniert nicht", page 3, the bytes of
        // a dialogue; so are all replies below without another source).
        guard connection.send("\(behavior.greeting)\r\n") else { return }
        var data: LoopbackListener?
        defer { data?.stop() }
        while let line = connection.line() {
            let behavior = state.withLock { state in
                state.commands.append(line)
                return state.behavior
            }
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard let command = words.first else { continue }
            if behavior.isMute, command == "GETENV" { continue }
            switch command {
            case "PASV" where behavior.hasPassive, "P@SW":
                guard let opened = try? LoopbackListener() else { return }
                data = opened
                let (high, low) = (opened.port / 256, opened.port % 256)
                _ = connection.send("227 Entering Passive Mode (127,0,0,1,\(high),\(low))\r\n")
            case "RETR":
                guard let opened = data else {
                    // YourFritz eva_tools/EVA_FTP.cs: the wording of all refusals.
                    _ = connection.send("425 can`'nt open data connection\r\n")
                    continue
                }
                data = nil
                guard retrieve(words.dropFirst().first, behavior, opened, connection) else { return }
            default:
                guard reply(to: command, words.dropFirst().first, behavior, connection) else { return }
            }
        }
    }

    /// - Returns: whether the connection goes on.
    private func reply(
        to command: String, _ argument: String?, _ behavior: Behavior, _ connection: LoopbackConnection
    ) -> Bool {
        switch command {
        case "USER": return connection.send("331 Password required for adam2\r\n")
        case "PASS": return connection.send("230 User adam2 successfully logged in\r\n")
        case "SYST": return connection.send("215 AVM EVA Version 1.1964 0x0 0x740D\r\n")
        case "TYPE": return connection.send("200 Type set to BINARY\r\n")
        // OpenWrt wiki, session log of a Fritz!Box with EVA.
        case "MEDIA" where argument == "FLSH": return connection.send("200 Media set to MEDIA_FLASH\r\n")
        case "GETENV":
            if behavior.isEndless { while connection.send("and more\r\n") {} }
            guard let name = argument, let value = variable(name, behavior) else {
                return connection.send("501 environment variable not set\r\n")
            }
            let padded = name.padding(toLength: 22, withPad: " ", startingAt: 0)
            return connection.send("\(padded)\(value)\r\n\r\n200 GETENV command successful\r\n")
        case "CHECK" where behavior.checks:
            guard let bytes = partition(argument) else { return connection.send("501 unknown variable\r\n") }
            let sum = CRC32.sum(of: bytes) ^ behavior.wrongSum
            // "150 Flash check 0xD9544077", without a data connection (IP-Phone-Forum, "Wie 7390 wiederbeleben", page 3).
            return connection.send("150 Flash check 0x\(String(sum, radix: 16).uppercased())\r\n")
        case "QUIT":
            _ = connection.send("221 Thank you for using the FTP service on ADAM2\r\n221 Goodbye.\r\n")
            return false
        default:
            if ["STOR", "SETENV", "UNSETENV", "REBOOT", "MEDIA"].contains(command) {
                state.withLock { $0.offences.append(command) }
            }
            return connection.send("502 Command not implemented\r\n")
        }
    }

    private func variable(_ name: String, _ behavior: Behavior) -> String? {
        guard name.hasPrefix("mtd"), let number = Int(name.dropFirst(3)) else { return behavior.environment[name] }
        guard let device = state.withLock({ $0.hardware.device(number) }) else {
            // Freetz documentation: the mtd0 of a box without one has no bytes.
            return number == 0 ? "0x90000000,0x90000000" : nil
        }
        let start = Self.base + device.start
        func hex(_ value: Int) -> String { "0x" + String(value, radix: 16).uppercased() }
        return "\(hex(start)),\(hex(start + device.partition.size))"
    }

    private func partition(_ name: String?) -> [UInt8]? {
        guard let name, name.hasPrefix("mtd"), let number = Int(name.dropFirst(3)) else { return nil }
        return state.withLock { state in
            guard let device = state.hardware.device(number), let chip = state.hardware.chips[device.partition.chip]
            else { return nil }
            return Array(chip.bytes[device.start..<device.start + device.partition.size])
        }
    }

    // MARK: Transfers

    /// Sends a partition over a connection that stands already (Freetz tools/recover-eva, _data_cmd).
    ///
    /// - Returns: whether the control connection goes on.
    private func retrieve(
        _ name: String?, _ behavior: Behavior, _ opened: LoopbackListener, _ connection: LoopbackConnection
    ) -> Bool {
        // A loader connects nothing later: who has not connected yet gets nothing.
        guard let data = opened.waiting() else { return connection.send("425 can`'nt open data connection\r\n") }
        defer { data.close() }
        guard behavior.sends, let bytes = partition(name) else { return connection.send("553 RETR failed.\r\n") }
        _ = connection.send("150 Opening BINARY data connection\r\n")
        if let drop = behavior.dropAt {
            state.withLock { $0.behavior.dropAt = nil }
            _ = data.send(Array(bytes.prefix(drop)))
            return false
        }
        if let cut = behavior.cut, cut.times > 0 {
            state.withLock { $0.behavior.cut = (cut.at, cut.times - 1) }
            _ = data.send(Array(bytes.prefix(cut.at)))
            data.close()
            return connection.send("426 Data connection closed\r\n")
        }
        if let stall = behavior.stallAt {
            _ = data.send(Array(bytes.prefix(stall)))
            data.drain()
            return true
        }
        _ = data.send(behavior.sendsMore ? bytes + bytes : bytes)
        if behavior.signalsEnd {
            data.close()
            return connection.send("226 Transfer complete\r\n")
        }
        // Nothing tells the end; the client has to leave.
        data.drain()
        return true
    }
}
