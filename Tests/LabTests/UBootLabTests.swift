import BackupBags
import BoardAccess
import BoardChannels
import BoardConsoles
import FlashModel
import Foundation
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import TestSupport
import Testing
import UBootFlash

/// Boards are backed up from real U-Boots over their serial line only, compared byte for byte, and not changed.
@Suite(
    .enabled(if: UBootBoard.isAvailable(), "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct UBootLabTests {
    /// Flash as such boards are delivered, mostly blank; in a campaign, full of data.
    @Test func maltaFromItsPromptAndAgainWithTheFirstBackupKnown() async throws {
        try await UBootBoard.with(["--board", "malta"] + (Campaign.isOn ? [] : ["--fill", "as-is"])) { board in
            let report = try await board.backup(to: "first")
            try board.expectSameBytes(report)
            let before = try await board.charactersFromBoard()
            try board.expectSameBytes(try await board.backup(to: "second", known: ["first"]))
            let crossed = try await board.charactersFromBoard() - before
            #expect(crossed * 50 <= 4 << 20, "\(crossed) characters crossed for what is known")
        }
    }

    @Test func virtIsStoppedOnItsWay() async throws {
        try await UBootBoard.with(["--board", "virt", "--fill", "as-is", "--wait-power"]) { board in
            try board.expectSameBytes(try await board.backup(power: ["on"]))
        }
    }

    /// One fault of each kind in this many characters: in a campaign, so many that every third line is damaged.
    @Test func aLineThatDropsFlipsAndRepeatsCharacters() async throws {
        let rate = Campaign.isOn ? "1/500" : "1/1500"
        let faults = "drop=\(rate),flip=\(rate),repeat=\(rate),seed=7"
        try await UBootBoard.with(["--board", "malta", "--fill", "as-is", "--line-faults", faults]) { board in
            try board.expectSameBytes(try await board.backup())
        }
    }

    @Test func aResetInTheMiddleIsGoneOnFrom() async throws {
        try await UBootBoard.with(["--board", "malta", "--fill", "as-is"]) { board in
            let resets = Resets(state: board.state.path)
            let report = try await board.backup(watch: { resets.take($0) })
            #expect(resets.count == 2)
            #expect(report.manifest.capture.retries >= 2)
            try board.expectSameBytes(report)
        }
    }

    /// Power-on, interrupt, environment, tftpboot, bootm, /proc/mtd, all partitions, verified: with one command.
    @Test(.enabled(if: UBootBoard.isAvailable(built: "malta"), "the lab's own U-Boots could not be built"))
    func anInitramfsIsStartedOverTheNetworkAndBackedUp() async throws {
        let network = try await LabBoard.run("Lab/uboot", ["in-network"])
        try #require(network.status == 0, "no network of its own can be made: \(network.output)")
        let options = ["--board", "malta-built", "--fill", "as-is", "--network", "tap:tap0", "--linux", "--wait-power"]
        try await UBootBoard.with(options, before: ["in-network"]) { board in
            struct Linux: Decodable {
                var file: String
                var loadAddress: UInt64
                var initrdHigh: String
                var bootargs: String
            }
            struct Table: Decodable { var linux: Linux }
            let table = try Data(contentsOf: board.state.appending(path: "expected/banks.json"))
            let linux = try JSONDecoder().decode(Table.self, from: table).linux
            let bag = board.state.appending(path: "backup")
            let power = LabBoard.repository.appending(path: "Lab/uboot").path
            let port = try String(contentsOf: board.state.appending(path: "serial-port"), encoding: .utf8)
                .filter(\.isNumber)
            let result = try await LabBoard.run(
                "Lab/uboot",
                [
                    "in-network", "--state", board.state.path, LabBoard.program.path, "backup",
                    "tcp://127.0.0.1:\(port)",
                    "--image", board.state.appending(path: "tftp/\(linux.file)").path, "--to", bag.path,
                    "--load-address", String(linux.loadAddress, radix: 16), "--set", "bootargs=\(linux.bootargs)",
                    "--set", "initrd_high=\(linux.initrdHigh)", "--progress", "plain",
                    // Some boards have this setting, with which the image would start before its checksum is verified.
                    "--set", "autostart=yes",
                    "--power-cycle", "'\(power)' power --state '\(board.state.path)' on",
                ])
            // 4: the simulated chip is larger than its partitions, which is reported.
            #expect(result.status == 4, "\(result.output)")
            let verified = try await Verify.run(bag: FilePath(bag.path))
            #expect(verified.ok, "\(verified.problems)")
            #expect(verified.summary?.isProven == true)
            for index in 0..<5 {
                let image = try #require(verified.images.first { $0.path.contains("/mtd\(index)-") })
                #expect(
                    try Data(contentsOf: bag.appending(path: image.path))
                        == Data(contentsOf: board.state.appending(path: "expected/linux/mtd\(index).bin")),
                    "mtd\(index)")
            }
            // Restore it through the Linux that now runs in its RAM.
            let sum = try await shell(board, "sha256sum </dev/mtd4")
            let damage = "dd if=/dev/zero of=/dev/mtdblock4 bs=64k seek=1 count=3 conv=fsync"
            #expect(try await shell(board, "\(damage); sha256sum </dev/mtd4") != sum)
            let restored = try await LabBoard.run(
                "Lab/uboot",
                [
                    "in-network", "--state", board.state.path, LabBoard.program.path, "restore", bag.path,
                    "tcp://127.0.0.1:\(port)", "--only", "mtd4", "--allow", "bootloader", "--yes", "--progress",
                    "plain",
                ])
            #expect(restored.status == 0, "\(restored.output)")
            #expect(restored.output.contains("Restored 3 erase blocks"), "\(restored.output)")
            #expect(try await shell(board, "echo 3 >/proc/sys/vm/drop_caches; sha256sum </dev/mtd4") == sum)
        }
    }

    /// The last output of a command, over telnet to the Linux in the board's RAM, without Flashkeep.
    private func shell(_ board: UBootBoard, _ command: String) async throws -> String {
        let script = """
            import socket, sys
            line = socket.create_connection(("10.11.12.2", 23), 60)
            line.sendall(sys.argv[1].encode() + b" 2>/dev/null; echo E''ND; exit\\n")
            text = b""
            while b"END" not in text:
                part = line.recv(4096)
                if not part: break
                text += part
            print(text.split(b"END")[0].split()[-2].decode())
            """
        let result = try await LabBoard.run(
            "Lab/uboot",
            ["in-network", "--state", board.state.path, "python3", "-c", script, command])
        #expect(result.status == 0, "\(result.output)")
        return result.output
    }

    /// Flash is transferred over the network, and the backup continues after a reset in the middle.
    @Test(
        .enabled(if: UBootBoard.isAvailable(built: "malta"), "the lab's own U-Boots could not be built"),
        arguments: ["tftpput", "tftpput, reset", "netconsole"])
    func flashLeavesOverTheNetwork(_ what: String) async throws {
        let network = try await LabBoard.run("Lab/uboot", ["in-network"])
        try #require(network.status == 0, "no network of its own can be made: \(network.output)")
        let isReset = what.hasSuffix("reset")
        // The emulated processor prints all of a console's text, so most of the flash is blank there.
        let fill = what == "netconsole" ? ["--fill", "as-is"] : []
        let options = ["--board", "malta-built", "--network", "tap:tap0"] + fill
        try await UBootBoard.with(options, before: ["in-network"]) { board in
            let via = isReset ? [] : ["--via", what]
            let result = try await board.backupInNetwork(via, resetAfter: isReset ? 1 : nil)
            #expect(result.status == 0, "\(result.output)")
            let words = what == "netconsole" ? "md over netconsole" : "tftpput, checked by crc32"
            let manifest = try BagReader.open(FilePath(result.bag)).manifest()
            #expect(manifest.capture.way.contains(words), "\(manifest.capture.way)")
            if isReset {
                let said = try String(
                    decoding: Data(contentsOf: board.state.appending(path: "serial.log")), as: UTF8.self)
                let starts = said.components(separatedBy: "DRAM: ")
                let isInTheMiddle = starts.count == 3 && starts.last?.contains("Saving: ") == true
                #expect(isInTheMiddle, "\(starts.count - 1) starts")
                #expect(manifest.capture.retries > 0)
            }
            try board.expectSameBytes(manifest, in: result.bag)
            let verified = try await Verify.run(bag: FilePath(result.bag))
            #expect(verified.ok && verified.summary?.isProven == true, "\(verified.problems)")
            // The console is on the serial line again: the board is found there, and read over it.
            let again = try await board.backupInNetwork(["--via", "line", "--known", result.bag], to: "again")
            #expect(again.status == 0, "\(again.output)")
        }
    }

    @Test(.enabled(if: UBootBoard.isAvailable(built: "malta"), "the lab's own U-Boots could not be built"))
    func anotherRateThanTheAddressSaysIsFoundOut() async throws {
        let options = ["--board", "malta-built", "--autoboot", "none", "--env", "baudrate=38400", "--serial", "pty"]
        try await UBootBoard.with(options + ["--fill", "as-is"]) { board in
            let notes = Mutex<[String]>([])
            let opener = try board.opener()
            let survey = try await SurveyBoard.run(
                ConsoleConnector(
                    opener: opener, credentials: .init(), environment: .testing,
                    notify: { event in if case .note(let text) = event { notes.withLock { $0.append(text) } } }),
                environment: .testing)
            #expect(survey.survey.chips.map(\.exactSize) == [4 << 20])
            let note = "the line runs at 38400, not 115200: \(opener.traits.address)?baud=38400"
            #expect(notes.withLock { $0 } == [note])
            #expect(try await board.rates() == [38_400, 38_400])
        }
    }

    @Test(.enabled(if: UBootBoard.isAvailable(built: "malta-fast"), "the lab's own U-Boots could not be built"))
    func aFasterRateForTheTimeOfTheWork() async throws {
        let options = ["--board", "malta-fast-built", "--autoboot", "none", "--serial", "pty"]
        try await UBootBoard.with(options + ["--fill", "as-is"]) { board in
            let report = try await board.backup(rate: .rate(460_800))
            try board.expectSameBytes(report)
            let characters = try await board.charactersAtRates()
            let (fast, slow) = (characters["460800"] ?? 0, characters["115200"] ?? 0)
            #expect(fast > 20 * slow && slow > 0, "\(characters)")
            #expect(try await board.rates() == [115_200, 115_200])
        }
    }

    /// Three characters per byte, even if the line damages one character in five hundred.
    @Test(
        .enabled(if: UBootBoard.isAvailable(built: "malta"), "the lab's own U-Boots could not be built"),
        arguments: ["", "drop=1/1500,flip=1/1500,repeat=1/1500,seed=5"])
    func recordsInPlaceOfDumps(faults: String) async throws {
        let options = ["--board", "malta-built", "--autoboot", "none", "--fill", "as-is"]
        try await UBootBoard.with(options + (faults.isEmpty ? [] : ["--line-faults", faults])) { board in
            let report = try await board.backup()
            try board.expectSameBytes(report)
            #expect(report.manifest.capture.commands.contains { $0.hasPrefix("saves ") })
        }
    }

    /// Serial flash is copied to RAM by `sf read`, chunk by chunk. U-Boot's own file need not be transferred.
    @Test(.enabled(if: UBootBoard.isAvailable(built: "sabrelite"), "the lab's own U-Boots could not be built"))
    func serialFlashIsReadByWayOfMemory() async throws {
        try await UBootBoard.with(["--board", "sabrelite", "--wait-power"]) { board in
            let report = try await board.backup(known: ["uboot.bin"], power: ["on"])
            try board.expectSameBytes(report)
            let chip = try #require(report.manifest.chips.first)
            #expect(report.manifest.chips.count == 1)
            #expect(chip.exactSize == 2 << 20)
            #expect(chip.eraseBlockSize == 4096)
            #expect(chip.identification["spi-nor"] == "sst25vf016b")
            #expect(report.manifest.images.allSatisfy { $0.proof.against == .boardChecksum })
        }
    }

    /// Without checksums, everything is read twice and compared. The smallest board is the fastest for that.
    @Test(.enabled(if: UBootBoard.isAvailable(built: "sabrelite-nocrc"), "the lab's own U-Boots could not be built"))
    func aBoardWithoutChecksums() async throws {
        let options = ["--board", "sabrelite", "--without", "crc32", "--fill", "as-is", "--autoboot", "none"]
        try await UBootBoard.with(options) { board in
            let report = try await board.backup()
            try board.expectSameBytes(report)
            #expect(report.manifest.images.allSatisfy { $0.proof.against == .secondRead })
            let crossed = try await board.charactersFromBoard()
            #expect(crossed > 2 * 3 * (2 << 20), "\(crossed) characters are too few for two readings")
        }
    }

    @Test(.enabled(if: UBootBoard.isAvailable(built: "malta-nocrc"), "the lab's own U-Boots could not be built"))
    func parallelFlashWithoutChecksumsIsSurveyed() async throws {
        let options = ["--board", "malta-built", "--without", "crc32", "--fill", "as-is", "--autoboot", "none"]
        try await UBootBoard.with(options) { board in
            let survey = try await SurveyBoard.run(
                ConsoleConnector(opener: try board.opener(), credentials: .init(), environment: .testing),
                environment: .testing)
            #expect(survey.checksum == nil)
        }
    }
}

/// Resets a board twice while it is being read.
private final class Resets: @unchecked Sendable {
    private let lock = NSLock()
    private let state: String
    private var done = 0

    init(state: String) {
        self.state = state
    }

    var count: Int { lock.withLock { done } }

    func take(_ event: ProgressEvent) {
        guard case .advanced(let bytes, let total?) = event else { return }
        lock.withLock {
            guard done < 2, bytes >= (done + 1) * total / 40, bytes < total else { return }
            done += 1
            let process = Process()
            process.executableURL = LabBoard.repository.appending(path: "Lab/uboot")
            process.arguments = ["power", "--state", state, "reset"]
            try? process.run()
        }
    }
}
