import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import SystemPackage
import Testing
import Transfers

extension LabBoard {
    /// The access methods of a lab board.
    enum Way: String, CaseIterable {
        case ssh
        case telnet
        /// A serial line: a terminal if the board was started with `--serial pty`, otherwise over TCP.
        case serial
    }

    /// The connector for an access method.
    ///
    /// - Parameter network: the network beside the shell; nil for none.
    func connector(
        _ way: Way, password: String? = nil, network: LinuxBoardNetwork? = nil
    ) throws -> LinuxConnector {
        let opener: any ChannelOpening =
            switch way {
            case .ssh:
                SSHOpener(SSHOpener.Settings(destination: "board", configFile: sshConfig, isInteractive: false))
            case .telnet: TelnetOpener(host: "127.0.0.1", port: try port("telnet"))
            case .serial where FileManager.default.fileExists(atPath: state.appending(path: "serial-pty").path):
                SerialOpener(
                    path: try String(contentsOf: state.appending(path: "serial-pty"), encoding: .utf8)
                        .trimmingCharacters(in: .newlines))
            case .serial: TCPOpener(host: "127.0.0.1", port: try port("serial"))
            }
        return LinuxConnector(
            opener: opener, credentials: Credentials(password: { password }), environment: .testing,
            network: network)
    }

    /// Backs up the board into its state folder, and checks that neither the reference tools nor ours find a fault.
    ///
    /// - Parameter watch: receives all events.
    func backup(
        _ way: Way, to name: String = "backup", options: BackupOptions = BackupOptions(reconnects: 0),
        password: String? = nil, network: LinuxBoardNetwork? = nil, watch: @escaping ProgressHandler = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        var options = options
        options.target = FilePath(state.appending(path: name).path)
        return try await CheckedBackup.run(
            try connector(way, password: password, network: network), options: options, watch: watch,
            sourceLocation: sourceLocation)
    }

    /// The network of a board that was started with `--outbound`: its connections come from the emulator.
    static func network(
        via: LinuxReadMethod? = nil, notify: @escaping @Sendable (String) -> Void = { _ in }
    ) -> LinuxBoardNetwork {
        LinuxBoardNetwork(
            settings: LinuxNetworkSettings(
                via: via, board: IPv4Address("127.0.0.1"), host: IPv4Address("10.0.2.2"),
                nonce: OperationEnvironment.testing.nonce, notify: notify),
            computer: { LocalStreamHost(interfaces: { [] }) })
    }

    /// The address of the web server of a board with `--layout ispot`, for this computer.
    var webURL: String { get throws { "http://127.0.0.1:\(try port("http"))/" } }

    /// The web server of such a board.
    func webServer() throws -> LinuxBoardNetwork {
        LinuxBoardNetwork(
            settings: LinuxNetworkSettings(via: .www, webURL: try webURL, nonce: OperationEnvironment.testing.nonce),
            computer: { LocalStreamHost(interfaces: { [] }) })
    }

    /// Checks that every partition of a backup has the bytes that the lab stored on the flash.
    func expectSameBytes(_ report: BackupReport, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for device in devices {
            guard let expected = expected(device.index) else { continue }
            let record = try #require(
                report.manifest.partitions.first { $0.index == device.index }, sourceLocation: sourceLocation)
            let view = try #require(record.view, sourceLocation: sourceLocation)
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: report.bag).appending(path: view.image))
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(view.offset))
            let bytes = try file.read(upToCount: record.size) ?? Data()
            let differing = stride(from: 0, to: device.size, by: device.erasesize).filter { start in
                let end = min(start + device.erasesize, device.size)
                return bytes.count < end || bytes[start..<end] != expected[start..<end]
            }
            #expect(
                differing.isEmpty, "mtd\(device.index): blocks \(differing.map { $0 / device.erasesize }) differ",
                sourceLocation: sourceLocation)
            guard device.type == "nand" else { continue }
            let known = try #require(record.badBlocks, sourceLocation: sourceLocation)
            if known.isComplete {
                #expect(
                    Set(known.bad + known.table) == Set(device.badBlocks + device.tableBlocks),
                    sourceLocation: sourceLocation)
            } else {
                // Without mtdinfo, the kernel reports only the number of bad blocks, which must be stated.
                #expect(known.note?.isEmpty == false, sourceLocation: sourceLocation)
                #expect(
                    report.summary.sentences.contains { $0.contains("bad block") }
                        || report.manifest.warnings.contains {
                            $0.contains("bad block")
                        }, sourceLocation: sourceLocation)
            }
        }
    }
}
