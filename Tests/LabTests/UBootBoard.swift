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
import UBootFlash

/// An emulated board of the lab in U-Boot, for the duration of a test.
struct UBootBoard {
    /// A bank of parallel flash, or a chip of serial flash.
    struct Bank: Decodable {
        /// As in the backup's manifest.
        var kind: Chip.Kind
        /// The address at which the processor reads it; 0 for serial flash, which has none.
        var base: UInt64
        var size: Int
        var file: String
    }

    private struct Banks: Decodable {
        var banks: [Bank]
    }

    let state: URL
    let banks: [Bank]

    /// Whether the lab is prepared for such a board: with Debian's U-Boot, or with one built from source.
    static func isAvailable(built name: String? = nil) -> Bool {
        guard LabBoard.isAvailable else { return false }
        let place = name.map { LabBoard.repository.appending(path: ".lab/uboot/\($0).bin").path }
        return FileManager.default.fileExists(atPath: place ?? "/usr/lib/u-boot/maltael")
    }

    /// Starts a board, runs the body, checks that its flash is unchanged, and stops the board.
    ///
    /// - Parameter isUnchanged: whether the flash must be as it was at the start.
    static func with<Result>(
        _ options: [String], before: [String] = [], isUnchanged: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation,
        body: (UBootBoard) async throws -> Result
    ) async throws -> Result {
        let state = FileManager.default.temporaryDirectory.appending(path: "flashkeep-lab-\(UUID().uuidString)")
        let start = ["Lab/uboot", "start", "--state", state.path] + LabBoard.lifetime + options
        let started = try await LabBoard.run(
            "Lab/uboot", before.isEmpty ? Array(start.dropFirst()) : before + ["Lab/uboot"] + start.dropFirst())
        defer { try? FileManager.default.removeItem(at: state) }
        guard started.status == 0 else {
            throw LabFailure(text: "the board did not start: \(started.output.suffix(2_000))")
        }
        let result: Swift.Result<Result, any Error>
        do {
            let table = try Data(contentsOf: state.appending(path: "expected/banks.json"))
            let board = UBootBoard(state: state, banks: try JSONDecoder().decode(Banks.self, from: table).banks)
            result = .success(try await body(board))
        } catch {
            result = .failure(error)
        }
        // In a separate task, so that it also runs after the time limit.
        let check = try await Task {
            let check = try await LabBoard.run("Lab/uboot", ["check", "--state", state.path])
            _ = try await LabBoard.run("Lab/uboot", ["stop", "--state", state.path])
            return check
        }.value
        #expect(
            check.status == 0 || !isUnchanged, "a backup must not change the flash: \(check.output)",
            sourceLocation: sourceLocation)
        return try result.get()
    }

    /// The serial line: a TCP port, or with `--serial pty` a terminal at 115200 bits per second.
    func opener() throws -> any ChannelOpening {
        if let path = try? String(contentsOf: state.appending(path: "serial-pty"), encoding: .utf8) {
            return SerialOpener(path: String(path.prefix { $0 != "\n" }))
        }
        let text = try String(contentsOf: state.appending(path: "serial-port"), encoding: .utf8)
        guard let port = Int(text.filter(\.isNumber)) else { throw LabFailure(text: "no serial port") }
        return TCPOpener(host: "127.0.0.1", port: port)
    }

    /// Backs up the board into its state folder, directly from U-Boot.
    func backup(
        to name: String = "backup", known: [String] = [], power: [String]? = nil, rate: UBootLineRate.Wish? = nil,
        watch: @escaping ProgressHandler = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        var settings = ConsoleConnector.Settings(rate: rate)
        for path in known {
            for file in try KnownFile.all(at: FilePath(state.appending(path: path).path)) {
                try settings.store.add(file)
            }
        }
        if let power {
            let state = state.path
            settings.powerCycle = { _ = try await LabBoard.run("Lab/uboot", ["power", "--state", state] + power) }
        }
        let connector = ConsoleConnector(
            opener: try opener(), credentials: Credentials(), environment: .testing, settings: settings)
        return try await CheckedBackup.run(
            connector, options: BackupOptions(target: FilePath(state.appending(path: name).path), reconnects: 0),
            watch: watch, sourceLocation: sourceLocation)
    }

    /// Backs up the board with the program itself, in the board's network.
    ///
    /// - Parameter resetAfter: the number of send commands to the board after which its reset button is pressed.
    func backupInNetwork(
        _ options: [String], to name: String = "backup", resetAfter: Int? = nil
    ) async throws -> (status: Int32, output: String, bag: String) {
        let bag = state.appending(path: name).path
        let result = try await inNetwork(
            try program("backup") + ["--to", bag] + options, reset: resetAfter.map { ("Saving: ", $0) })
        return (result.status, result.output, bag)
    }

    /// Restores a backup with the program itself, in the board's network.
    ///
    /// - Parameter resetAfter: the number of load commands to the board after which its reset button is pressed.
    func restoreInNetwork(
        _ bag: String, _ options: [String] = [], resetAfter: Int? = nil
    ) async throws -> (status: Int32, output: String) {
        let words = try program("restore", bag) + ["--yes", "--allow", "bootloader"]
        return try await inNetwork(
            words + ["--before", state.appending(path: "before-\(UUID().uuidString)").path] + options,
            reset: resetAfter.map { ("Loading: ", $0) })
    }

    /// Types commands at U-Boot's prompt, in the board's network.
    func sayInNetwork(_ commands: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let said = try await inNetwork(["Lab/uboot", "say", "--state", state.path] + commands)
        #expect(
            said.status == 0 && !said.output.contains("ERROR") && !said.output.contains("rotected Flash"),
            "\(said.output)", sourceLocation: sourceLocation)
    }

    /// All output of the board.
    func said() throws -> String {
        String(decoding: try Data(contentsOf: state.appending(path: "serial.log")), as: UTF8.self)
    }

    /// The program's command line for a verb and this board.
    private func program(_ verb: String...) throws -> [String] {
        let port = try String(contentsOf: state.appending(path: "serial-port"), encoding: .utf8).filter(\.isNumber)
        return [LabBoard.program.path] + verb + ["tcp://127.0.0.1:\(port)", "--progress", "plain"]
    }

    /// Runs a command in the board's network.
    ///
    /// - Parameter reset: press the reset button after the board has printed this text so many times.
    private func inNetwork(
        _ command: [String], reset: (text: String, count: Int)? = nil
    ) async throws -> (status: Int32, output: String) {
        async let running = LabBoard.run("Lab/uboot", ["in-network", "--state", state.path] + command)
        if let reset {
            for _ in 0..<2_000 {
                if try said().components(separatedBy: reset.text).count > reset.count { break }
                try await Task.sleep(for: .milliseconds(20))
            }
            _ = try await LabBoard.run("Lab/uboot", ["power", "--state", state.path, "reset"])
        }
        let result = try await running
        return (result.status, result.output)
    }

    /// Checks that the backup has every bank as the board's processor reads it.
    func expectSameBytes(_ report: BackupReport, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(
            report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)",
            sourceLocation: sourceLocation)
        try expectSameBytes(report.manifest, in: report.bag, sourceLocation: sourceLocation)
    }

    /// The same for a backup made by another process.
    func expectSameBytes(
        _ manifest: Manifest, in bag: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let images = manifest.images
        #expect(images.map(\.size).reduce(0, +) == banks.map(\.size).reduce(0, +), sourceLocation: sourceLocation)
        for bank in banks {
            let chip = try #require(
                manifest.chips.first { chip in
                    guard bank.kind == .nor else { return chip.kind == bank.kind }
                    return chip.identification["address"].flatMap { UInt64($0.dropFirst(2), radix: 16) } == bank.base
                }, sourceLocation: sourceLocation)
            let expected = try Data(contentsOf: state.appending(path: "expected/\(bank.file)"))
            for image in images where image.chip == chip.id {
                let start = image.offset ?? 0
                let bytes = try Data(contentsOf: URL(fileURLWithPath: bag).appending(path: image.path))
                #expect(
                    bytes == expected.subdata(in: start..<(start + image.size)), "\(image.path) is another",
                    sourceLocation: sourceLocation)
            }
        }
    }

    /// The number of characters that the board sent.
    func charactersFromBoard() async throws -> Int { try await line().fromBoard }

    /// The rates of the board's UART and of the client's terminal, in bits per second.
    func rates() async throws -> [Int] {
        let line = try await line()
        return [line.boardRate, line.clientRate]
    }

    /// The number of characters that the board sent at each rate.
    func charactersAtRates() async throws -> [String: Int] { try await line().fromBoardAtRates }

    private struct Line: Decodable {
        var fromBoard: Int
        var fromBoardAtRates: [String: Int]
        var boardRate: Int
        var clientRate: Int
    }

    private func line() async throws -> Line {
        let line = try await LabBoard.run("Lab/uboot", ["line", "--state", state.path])
        guard line.status == 0, let start = line.output.firstIndex(of: "{"), let end = line.output.lastIndex(of: "}")
        else {
            throw LabFailure(text: "the line does not tell its count: \(line.output)")
        }
        return try JSONDecoder().decode(Line.self, from: Data(line.output[start...end].utf8))
    }
}
