import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Testing

/// Flash read over each access method, compared with what was stored on it.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct ReadingLabTests {
    @Test func everyWayReadsNORAndNANDBitExact() async throws {
        try await LabBoard.with(BackupLabTests.tiny) { board in
            let ways: [(any ChannelOpening)] = [
                SSHOpener(
                    SSHOpener.Settings(destination: "board", configFile: board.sshConfig, isInteractive: false)),
                TelnetOpener(host: "127.0.0.1", port: try board.port("telnet")),
                TCPOpener(host: "127.0.0.1", port: try board.port("serial")),
            ]
            for way in ways {
                try await way.withChannel { channel in
                    try await ShellSession.withShell(
                        over: channel, credentials: Credentials(), nonce: "0123456789abcdef"
                    ) { shell in
                        try await LinuxFlashAccess.withAccess(shell) { access in
                            let reader = try await access.survey().reader
                            for device in board.devices {
                                try await compare(device, board, reader, way.traits.scheme)
                            }
                        }
                    }
                }
            }
        }
    }

    private func compare(
        _ device: LabBoard.Device, _ board: LabBoard, _ reader: any FlashReading & FlashChecksumming,
        _ way: String
    ) async throws {
        let partition = Partition(
            index: device.index, name: device.name, chip: "chip", offset: nil, offsetSource: .none, size: device.size,
            eraseBlockSize: device.erasesize, pageSize: device.writesize, oobSize: 64, type: device.type)
        var bytes = [UInt8](repeating: 0xFF, count: device.size)
        let block = device.erasesize
        let bad = Set(device.badBlocks + device.tableBlocks)
        // Serial lines are slow under emulation, so only the first blocks are compared.
        let blocks = way == "tcp" ? min(8, device.size / block) : device.size / block
        let ranges = (0..<blocks).filter { !bad.contains($0) }.map { ($0 * block)..<(($0 + 1) * block) }
        try await reader.read(partition, ranges: ranges) { chunk in
            bytes.replaceSubrange(chunk.range, with: chunk.bytes)
        }
        let expected = [UInt8](try #require(board.expected(device.index)))
        #expect(bytes.prefix(blocks * block) == expected.prefix(blocks * block), "mtd\(device.index) over \(way)")
        for algorithm in reader.checksumAlgorithms {
            let digest = try await reader.checksum(algorithm, of: partition, ranges: ranges)
            #expect(digest == StreamingChecksum.digest(of: ranges.flatMap { bytes[$0] }, algorithm))
        }
    }
}
