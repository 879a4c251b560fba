import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import LinuxFlash
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Backups of simulated boards whose bootloader only prints memory, in a folder that exists as long.
final class LoaderBackups: Sendable {
    let folder: ScratchFolder
    private let given: GivenMemory
    /// The cable between the boards and this computer; nil if there is only the console.
    private let network: SimulatedLoaderNetwork?
    private let noted = Mutex<[String]>([])

    init(given: GivenMemory = GivenMemory(), network: SimulatedLoaderNetwork? = nil) throws {
        folder = try ScratchFolder()
        self.given = given
        self.network = network
    }

    /// What the user was told.
    var notes: [String] { noted.withLock { $0 } }

    /// A board of one chip, as a survey has it.
    struct Board: Sendable, CustomTestStringConvertible {
        var name: String
        var personality: any LoaderPersonality
        /// What a user must know of it.
        var given = GivenMemory()
        /// Whether its size is known only from its start.
        var needsStart = false
        /// The numbers of characters after which a line is cut: behind the survey, without which there is nothing to resume.
        var cuts = [3_000, 20_000, 60_000]
        /// Whether a command only reads.
        var isReading: @Sendable (String) -> Bool

        var testDescription: String { name }

        func simulated(_ start: SimulatedLoader.Start = .prompt) -> SimulatedLoader {
            SimulatedLoader(personality, start: start)
        }

        /// The start at which it tells all.
        var usualStart: SimulatedLoader.Start { needsStart ? .off : .prompt }
        var chip: SimulatedHardware.Flash? { personality.hardware.chips.values.first }
        /// A random chip, whose bytes a dump has to get right.
        static func nor(_ blocks: Int = 4) -> SimulatedHardware.Flash {
            SimulatedHardware.Flash("flash0", kind: .spiNOR, blocks: blocks, blockSize: 0x1000, seed: 21)
        }
    }

    // MARK: Operations

    func connector(
        _ board: SimulatedLoader, over opener: (any ChannelOpening)? = nil, via: String? = nil,
        addresses: [String] = ["192.168.1.2"], portIsTaken: Bool = false
    ) -> ConsoleConnector {
        var settings = ConsoleConnector.Settings(powerCycle: { board.powerOn() }, timing: .simulated)
        settings.given = given
        settings.via = via.flatMap(TransferMethodName.init)
        if let network {
            let host = SimulatedLoaderHost(network, board, addresses: addresses, portIsTaken: portIsTaken)
            settings.network = BoardNetwork(client: host) { _ in host }
        }
        return ConsoleConnector(
            opener: opener ?? board, credentials: Credentials(), environment: .simulated(), settings: settings
        ) { [self] event in
            if case .note(let text) = event { noted.withLock { $0.append(text) } }
        }
    }

    func backUp(
        _ board: SimulatedLoader, over opener: (any ChannelOpening)? = nil, reconnects: Int = 5, withOOB: Bool = false,
        via: String? = nil, addresses: [String] = ["192.168.1.2"], portIsTaken: Bool = false
    ) async throws -> BackupReport {
        var options = BackupOptions(target: folder.path.appending("bag"), folder: folder.path, reconnects: reconnects)
        options.withOOB = withOOB
        return try await Backup.run(
            connector(board, over: opener, via: via, addresses: addresses, portIsTaken: portIsTaken), options: options,
            environment: .simulated())
    }

    /// The bytes of an image.
    func image(_ report: BackupReport, _ number: Int) -> [UInt8]? {
        FileManager.default.contents(atPath: report.bag + "/" + report.manifest.images[number].path).map { Array($0) }
    }

    /// Checks what must hold after every backup.
    func check(
        _ report: BackupReport, _ board: SimulatedLoader, _ kind: Board, damagesCommands: Bool = false,
        isWhole: Bool = true, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let chip = try #require(kind.chip)
        let block = chip.chip.eraseBlockSize
        let expected = chip.bytes.indices.map { chip.badBlocks.contains($0 / block) ? 0xFF : chip.bytes[$0] }
        let images = report.manifest.images.indices.flatMap { image(report, $0) ?? [] }
        #expect(images == expected, "\(comment)", sourceLocation: sourceLocation)
        #expect(
            report.summary.isProven && report.summary.isWhole == isWhole, "\(comment): \(report.summary.sentences)",
            sourceLocation: sourceLocation)
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok, "\(comment): \(verified.problems)", sourceLocation: sourceLocation)
        let offences = board.offences.filter { !damagesCommands || $0.kind == .forbidden && !Self.isCutShort($0.text) }
        #expect(offences.isEmpty, "\(comment): \(offences.prefix(3))", sourceLocation: sourceLocation)
        for command in board.commands
        where !kind.isReading(command) && !Self.isWord(command)
            && !(damagesCommands && (Self.isCutShort(command) || Self.isJunk(command)))
        {
            Issue.record("\(comment): \"\(command)\" was sent", sourceLocation: sourceLocation)
        }
    }

    /// Whether a line has the word that no bootloader knows, behind keys that were typed before.
    private static func isWord(_ command: String) -> Bool {
        let text = command.drop { $0.isASCII && ($0.asciiValue ?? 0x20) < 0x20 || $0 == " " }
        return text.hasPrefix("zk") || text.hasPrefix("tzk")
    }

    /// Whether a line is no command at all: the rest of one that was not erased completely.
    private static func isJunk(_ command: String) -> Bool {
        !["FLW", "EB", "EW", "J", "AUTOBURN", "MDIOW", "PHYW", "LOADADDR", "CMP", "IPCONFIG"].contains(
            String(command.prefix { $0 != " " }))
    }

    /// Whether a line is the beginning of one that only reads: a character became an Enter.
    private static func isCutShort(_ command: String) -> Bool { command.utf8.count <= 12 }
}

extension LoaderBackups.Board {
    /// CFE of each family.
    static func cfe(_ family: CFEScenario.Family, _ change: (inout CFEScenario) -> Void = { _ in }) -> Self {
        let chip =
            family == .bcm63xxNAND
            ? SimulatedHardware.Flash(
                "nand0", kind: .nand, blocks: 6, blockSize: 4096, pageSize: 512, oobSize: 16, badBlocks: [3], seed: 22)
            : nor(8)
        var scenario = CFEScenario(family, SimulatedHardware(identity: BoardIdentity(), chips: [chip], devices: []))
        change(&scenario)
        let isMapped = family == .bcm47xxMapped
        let given = GivenFlash(kind: .nor, start: scenario.base, size: chip.bytes.count, eraseBlockSize: 0x1000)
        return Self(
            name: "CFE, \(family)", personality: scenario, given: GivenMemory(flash: isMapped ? [given] : []),
            needsStart: family == .bcm63xxNOR,
            isReading: { command in
                let words = command.split(separator: " ").map(String.init)
                switch words.first {
                case "help", "fi", "fb": return words.count == 1
                case "show": return words == ["show", "devices"]
                case "d": return words.count == 4 && words[1] == "-b"
                case "save": return words.count == 4 && words[1].contains(":fk")
                case "ifconfig": return words.count == 1 || words.count == 4 && words[2].hasPrefix("-addr=")
                case "dm": return words.count == 3
                case "dn": return words.count == 4 && words[3] == "1"
                case "fdump": return words.count == 4
                default: return false
                }
            })
    }

    static let cfes: [Self] = CFEScenario.Family.allCases.map { cfe($0) }

    /// Realtek's loader, whose flash is copied to RAM, or read where it is mapped.
    static func realtek(_ name: String, _ change: (inout RealtekScenario) -> Void = { _ in }) -> Self {
        let chip = SimulatedHardware.Flash("flash0", kind: .spiNOR, blocks: 8, blockSize: 0x1000, seed: 23)
        var scenario = RealtekScenario(SimulatedHardware(identity: BoardIdentity(), chips: [chip], devices: []))
        scenario.sizeText = .table
        change(&scenario)
        let given = GivenFlash(kind: .spi, start: 0, size: chip.bytes.count, eraseBlockSize: 0x1000)
        return Self(
            name: "Realtek, \(name)", personality: scenario, given: GivenMemory(flash: [given]), needsStart: false,
            isReading: { command in
                let words = command.split(separator: " ").map(String.init)
                switch words.first {
                case "?": return words.count == 1
                case "DB", "DW": return words.count == 3
                case "FLR": return words.count == 4
                case "AUTOBURN": return words == ["AUTOBURN", "0"]
                case "LOADADDR", "IPCONFIG": return words.count == 2
                // What erasing leaves in a build that does not erase with this character, or an echo of ^C.
                default: return command.utf8.allSatisfy { $0 == 0x08 || $0 == 0x03 || $0 == 0x20 }
                }
            })
    }

    static let realteks: [Self] = [
        realtek("copied"),
        realtek("copied, lines of DW, backspace") {
            $0.countsLines = true
            $0.erasesWithDelete = false
        }, realtek("mapped, DB alone") { $0.commands.subtract(["FLR", "DW"]) },
    ]

    static var all: [Self] { cfes + realteks + bareboxes }
}
