import BackupBags
import FlashModel
import Foundation
import LinuxFlash
import Operations
import SystemPackage
import TestSupport
import Testing

/// Whole backups of emulated boards, compared with what was stored on their flash.
@Suite(
    .enabled(if: LabBoard.isAvailable, "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct BackupLabTests {
    /// A board with little flash, for a serial line: 256 KiB of NOR, 1 MiB of NAND in three partitions, two bad blocks.
    static let tiny = [
        "--nor", "256:64", "--nand", "small", "--nandsim", "overridesize=3 parts=2,1", "--bad", "1,6",
    ]

    /// 64 MiB, or 256 MiB in a campaign.
    @Test func aLargeNANDIsWholeAndProven() async throws {
        try await LabBoard.with(Campaign.isOn ? [] : ["--nandsim", "second_id_byte=0xf2"]) { board in
            let before = try await board.digests()
            let report = try await board.backup(.ssh)
            try board.expectSameBytes(report)
            #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
            #expect(try await board.digests() == before, "a backup must not change the flash")
        }
    }

    /// The tools that are removed from a board, in steps.
    static let poverty: [[String]] = [
        [],
        ["--without-mtd-utils"],
        ["--without-mtd-utils", "--without", "sha256sum"],
        ["--without-mtd-utils", "--without", "sha256sum,sha1sum,gzip"],
        ["--without-mtd-utils", "--without", "sha256sum,sha1sum,md5sum,cksum,gzip"],
        ["--without-mtd-utils", "--without", "sha256sum,sha1sum,md5sum,cksum,gzip,base64,uuencode,stty"],
        [
            "--without-mtd-utils", "--without",
            "sha256sum,sha1sum,md5sum,cksum,gzip,base64,uuencode,stty,od,hexdump,xxd,readlink,mktemp",
        ],
    ]

    /// Each step over one access method, and each method with two or three steps; in a campaign, all combinations.
    @Test(arguments: poverty.indices)
    func poorBoardsAreReadBitExactOverEveryWay(_ step: Int) async throws {
        try await LabBoard.with(Self.tiny + Self.poverty[step]) { board in
            let before = try await board.digests()
            for way in Campaign.share(step, of: 3, LabBoard.Way.allCases) {
                let report = try await board.backup(way, to: "backup-\(way)")
                try board.expectSameBytes(report)
                #expect(report.summary.isProven, "\(way): \(report.summary.sentences)")
            }
            #expect(try await board.digests() == before, "a backup must not change the flash")
        }
    }

    /// The board's own nc, over the emulator's network; with the ECC's counters, and with the OOB bytes.
    @Test func aNetworkBesideTheConsole() async throws {
        try await LabBoard.with(["--outbound", "--nor", "1024:64", "--nand", "small", "--bad", "1,6"]) { board in
            let before = try await board.digests()
            for way in [LabBoard.Way.telnet, .serial, .ssh] {
                var options = BackupOptions(reconnects: 0)
                options.withOOB = way == .telnet
                let report = try await board.backup(
                    way, to: "backup-\(way)", options: options, network: LabBoard.network())
                try board.expectSameBytes(report)
                #expect(report.summary.isProven, "\(way): \(report.summary.sentences)")
                #expect(report.manifest.capture.way.contains("nc over the network"), "\(report.manifest.capture.way)")
            }
            // The board's other programs, with the NOR alone.
            for method in [LinuxReadMethod.tftp, .ftpput, .wget] {
                let report = try await board.backup(
                    .telnet, to: "backup-\(method.rawValue)", options: BackupOptions(only: ["mtd0"], reconnects: 0),
                    network: LabBoard.network(via: method))
                #expect(report.manifest.capture.way.contains("\(method.rawValue) over the network"))
                let image = try #require(report.manifest.images.first)
                let bytes = try Data(contentsOf: URL(fileURLWithPath: report.bag).appending(path: image.path))
                #expect(bytes == board.expected(0))
            }
            #expect(try await board.digests() == before, "a backup must not change the flash")
        }
    }

    /// An iSpot, as its owner backs it up: each partition through its own web server.
    @Test func aBoardsOwnWebServerGivesItsFlash() async throws {
        try await LabBoard.with(["--layout", "ispot"]) { board in
            let files = "ls -A /var/wwwroot; ls -d /tmp/*"
            let before = try await board.ssh(files)
            let report = try await board.backup(.telnet, network: try board.webServer())
            try board.expectSameBytes(report)
            #expect(report.manifest.partitions.count == 11)
            #expect(report.summary.isProven, "\(report.summary.sentences)")
            #expect(report.manifest.capture.way.contains("www over the network"), "\(report.manifest.capture.way)")
            #expect(try await board.ssh(files) == before)

            // Killed while a partition is there; the shell at the other end may live on.
            let log = board.state.appending(path: "log")
            let arguments = [
                "backup", "tcp://127.0.0.1:\(try board.port("serial"))", "--via", "www", "--www-url",
                try board.webURL, "--to", board.state.appending(path: "killed").path, "--progress", "none",
            ]
            let process = try board.start(arguments, log: log)
            let deadline = ContinuousClock.now + .seconds(120)
            while try await board.ssh("ls -A /var/wwwroot").isEmpty {
                guard process.isRunning, ContinuousClock.now < deadline else {
                    throw LabFailure(text: "it ended too soon: \(try String(contentsOf: log, encoding: .utf8))")
                }
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let again = try board.start(arguments, log: log)
            again.waitUntilExit()
            let said = try String(contentsOf: log, encoding: .utf8)
            #expect(again.terminationStatus == 4, "\(said)")
            #expect(try await board.ssh(files) == before)
        }
    }

    @Test func missingNodesAreMadeAndRemovedAgain() async throws {
        try await LabBoard.with(Self.tiny + ["--no-nodes"]) { board in
            let list = "ls -d /tmp/* /dev/*; mount"
            let before = try await board.ssh(list)
            for way in [LabBoard.Way.ssh, .telnet] {
                try board.expectSameBytes(try await board.backup(way, to: "backup-\(way)"))
            }
            #expect(try await board.ssh(list) == before)
        }
    }

    @Test func aBoardWithoutSysfsIsRead() async throws {
        try await LabBoard.with(Self.tiny + ["--no-sysfs"]) { board in
            let report = try await board.backup(.ssh)
            #expect(report.summary.isProven)
            try board.expectSameBytes(report)
        }
    }

    @Test(arguments: [[], ["--without-mtd-utils"]])
    func correctedAndUncorrectableBlocksAreNamed(_ lack: [String]) async throws {
        let faults = ["--flip", "2:0:3:2", "--flip", "3:4:0:4", "--grave", "3:2:9"]
        try await LabBoard.with(Self.tiny + faults + lack) { board in
            let report = try await board.backup(.ssh)
            try board.expectSameBytes(report)
            for device in board.devices where device.type == "nand" {
                let record = try #require(report.manifest.partitions.first { $0.index == device.index })
                let findings = report.manifest.findings(of: record)
                let blocks: (BlockState) -> [Int] = { state in
                    findings.filter { $0.state == state }.flatMap { finding in
                        stride(from: finding.offset, to: finding.offset + finding.size, by: device.erasesize)
                            .map { $0 / device.erasesize }
                    }
                }
                #expect(blocks(.eccCorrected) == device.correctedBlocks, "mtd\(device.index)")
                #expect(blocks(.eccFailed) == device.failedBlocks, "mtd\(device.index)")
            }
            #expect(!report.summary.isWhole)
        }
    }

    @Test func pagesAreKeptWithTheirOOB() async throws {
        try await LabBoard.with(Self.tiny) { board in
            let report = try await board.backup(.ssh, options: BackupOptions(withOOB: true, reconnects: 0))
            try board.expectSameBytes(report)
            let image = try #require(report.manifest.images.first { $0.representation == .dataWithOOB })
            #expect(image.proof.result == .proven)
            let pages = try Data(contentsOf: URL(fileURLWithPath: report.bag).appending(path: image.path))
            let plain = try #require(board.expected(1))
            #expect(image.size == plain.count / 2_048 * 2_112)
            for page in 0..<64 {
                #expect(
                    pages[(page * 2_112)..<(page * 2_112 + 2_048)] == plain[(page * 2_048)..<(page * 2_048 + 2_048)])
            }
        }
    }

    @Test func aLoginOnASerialLineFullOfKernelMessages() async throws {
        try await LabBoard.with(Self.tiny + ["--console", "login", "--password", "s3cret!", "--chatter"]) { board in
            let report = try await board.backup(.serial, password: "s3cret!")
            try board.expectSameBytes(report)
            #expect(report.summary.isProven)
            let transcript = try String(
                contentsOf: URL(fileURLWithPath: report.bag).appending(path: "data/evidence/transcript.log"),
                encoding: .utf8)
            #expect(!transcript.contains("s3cret!"))
            #expect(transcript.contains("a password was sent"))
        }
    }

    @Test func aTerminalAsSerialLine() async throws {
        try await LabBoard.with(Self.tiny + ["--serial", "pty"]) { board in
            let report = try await board.backup(.serial)
            try board.expectSameBytes(report)
            #expect(report.summary.isProven)
        }
    }

    @Test func everyPartitionBecomesAFile() async throws {
        try await LabBoard.with(Self.tiny) { board in
            let report = try await board.backup(.ssh)
            let folder = board.state.appending(path: "files")
            _ = try await Extract.run(bag: FilePath(report.bag), to: FilePath(folder.path))
            for device in board.devices {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                let name = try #require(names.first { $0.hasPrefix("mtd\(device.index)-") })
                #expect(try Data(contentsOf: folder.appending(path: name)) == board.expected(device.index))
            }
        }
    }

    @Test func somethingThatWritesIsNotCalledProven() async throws {
        try await LabBoard.with(Self.tiny + ["--writer", "0:2"]) { board in
            let report = try await board.backup(.ssh)
            let record = try #require(report.manifest.partitions.first { $0.index == 0 })
            let image = try #require(report.manifest.view(of: record)).image
            #expect(image.proof.result == .unstable)
            #expect(image.blocks.contains { $0.offset == 2 * 65_536 && $0.state == .unstable })
        }
    }
}
