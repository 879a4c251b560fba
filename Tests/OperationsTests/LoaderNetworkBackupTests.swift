import BackupBags
import BoardAccess
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Whole backups whose bytes come over the network of a bootloader that is only read from.
@Suite("Backups over the network of bootloaders", .serialized)
struct LoaderNetworkBackupTests {
    /// A board with a network, and what it prints flash with.
    struct Board: Sendable, CustomTestStringConvertible {
        var name: String
        var kind: @Sendable (SimulatedLoaderNetwork?) -> LoaderBackups.Board
        /// What its command that prints flash begins with.
        var printing: [String]
        /// Its name in a backup's record.
        var method: String
        /// Whether only the first reading comes over the network.
        var printsAgain = false
        /// Whether the board has the server, and this computer asks it.
        var serves: Bool { name.hasPrefix("Realtek") }
        var testDescription: String { name }
    }

    static let boards: [Board] = [
        Board(
            name: "barebox", kind: { network in .barebox { $0.network = network } }, printing: ["md"],
            method: "tftp -p, checked by crc32"),
        Board(
            name: "barebox, NAND", kind: { network in .barebox(isNAND: true) { $0.network = network } },
            printing: ["md"], method: "tftp -p, checked by crc32"),
        Board(
            name: "barebox without crc32",
            kind: { network in
                .barebox {
                    $0.network = network
                    $0.hasChecksum = false
                }
            }, printing: ["md"], method: "tftp -p"),
        Board(
            name: "barebox without crc32, NAND",
            kind: { network in
                .barebox(isNAND: true) {
                    $0.network = network
                    $0.hasChecksum = false
                }
            }, printing: ["md"], method: "tftp -p"),
        Board(
            name: "CFE", kind: { network in .cfe(.bcm47xxMapped) { $0.network = network } }, printing: ["d "],
            method: "save"),
        Board(
            name: "Realtek", kind: { _ in .realtek("copied") }, printing: [], method: "FLR, TFTP"),
        Board(
            name: "Realtek, DB alone", kind: { _ in .realtek("copied") { $0.commands.subtract(["DW", "LOADADDR"]) } },
            printing: [], method: "FLR, TFTP and FLR, DB", printsAgain: true),
    ]

    /// Notes that the network is given up.
    private static func surrenders(_ backups: LoaderBackups) -> [String] {
        backups.notes.filter { $0.hasPrefix("reading flash over the console: ") }
    }

    private func image(_ backups: LoaderBackups, _ report: BackupReport) -> [[UInt8]?] {
        report.manifest.images.indices.map { backups.image(report, $0) }
    }

    @Test("The bytes are those that the console shows, and nothing is printed", arguments: boards)
    func plain(_ board: Board) async throws {
        let network = SimulatedLoaderNetwork()
        let kind = board.kind(network)
        for start in [SimulatedLoader.Start.prompt, .off] {
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated(start)
            let report = try await backups.backUp(simulated)
            try await backups.check(report, simulated, kind, "\(board.name), \(start)")
            #expect(
                backups.notes.count { $0.contains("over the console") } == (board.printsAgain ? 1 : 0),
                "\(backups.notes)")
            #expect(report.manifest.capture.retries == 0 && network.transfers > 0 && network.isClosed)
            #expect(
                report.manifest.capture.way.contains("flash over the network (\(board.method))"),
                "\(report.manifest.capture.way)")
            #expect(!simulated.commands.contains { command in board.printing.contains { command.hasPrefix($0) } })
            let console = try LoaderBackups(given: kind.given)
            let same = try await console.backUp(board.kind(nil).simulated(start))
            #expect(image(backups, report) == image(console, same), "\(board.name)")
        }
    }

    @Test(
        "One transfer fails: it is repeated, or what is left is printed", arguments: boards,
        [
            .flips(at: 0x321), .drifts, .short(by: 1), .short(by: 512), .long(by: 512), .refused, .stalls(after: 512),
            .losesEnd, .stranger, .resets,
        ] as [SimulatedLoaderNetwork.Fault])
    func faults(_ board: Board, _ fault: SimulatedLoaderNetwork.Fault) async throws {
        for number in [1, 2] {
            let network = SimulatedLoaderNetwork()
            network.schedule(fault, at: number)
            let kind = board.kind(network)
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated()
            let report = try await backups.backUp(simulated)
            try await backups.check(report, simulated, kind, "\(board.name), \(fault) at \(number)")
            let gaveUp = Self.surrenders(backups).count
            #expect(gaveUp <= 1, "\(backups.notes)")
            if board.serves {
                if let expected = Self.surrendersOfRealtek(fault, at: number, network.transfers) {
                    #expect(gaveUp == expected, "\(board.name), \(fault) at \(number): \(backups.notes)")
                }
                continue
            }
            if case .stranger = fault {
                #expect(gaveUp == 0 && network.strangersRefused == (network.transfers >= number ? 1 : 0))
            }
            // Once a transfer has worked, a failed one is repeated.
            if number == 2 { #expect(gaveUp == 0, "\(board.name), \(fault): \(backups.notes)") }
        }
    }

    /// How often the network is given up if a transfer of Realtek's server has a fault; nil if either is right. The server
    /// is busy for good after a transfer without an end.
    private static func surrendersOfRealtek(
        _ fault: SimulatedLoaderNetwork.Fault, at number: Int, _ transfers: Int
    ) -> Int? {
        switch fault {
        case .long, .refused, .stalls, .stranger: 1
        // The next request is not answered, if there is one.
        case .losesEnd: transfers > number ? 1 : 0
        case .flips, .drifts: 0
        case .short: number == 1 ? 1 : 0
        case .resets: number == 1 ? nil : 0
        }
    }

    @Test("What differs each time is no reading: one note, and the console", arguments: boards)
    func unsettled(_ board: Board) async throws {
        for fault in [SimulatedLoaderNetwork.Fault.drifts, .flips(at: 0x321)] {
            // Without a checksum, two transfers with the same flipped bit agree.
            if case .flips = fault, !board.method.contains("crc32") { continue }
            let network = SimulatedLoaderNetwork()
            network.schedule(fault, every: 1)
            let kind = board.kind(network)
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated()
            let report = try await backups.backUp(simulated)
            try await backups.check(report, simulated, kind, "\(board.name), \(fault)")
            #expect(Self.surrenders(backups).count == 1, "\(backups.notes)")
            #expect(Self.surrenders(backups).first?.contains("differs each time") == true, "\(backups.notes)")
            #expect(network.transfers <= 40, "\(network.transfers)")
            #expect(!report.manifest.capture.way.contains("over the network"), "\(report.manifest.capture.way)")
            let only = try LoaderBackups(given: kind.given, network: network)
            await #expect(throws: FlashkeepError.self) { try await only.backUp(kind.simulated(), via: "tftp") }
        }
    }

    @Test("A cell of RAM that keeps its bit is noticed: the second reading uses other RAM", arguments: boards)
    func badCell(_ board: Board) async throws {
        guard board.serves else { return }
        // Blocks that differ are read again by themselves, which leaves the cell out if it is behind their bytes.
        for (place, isRepaired) in [(0x1234, true), (0x234, false)] {
            let network = SimulatedLoaderNetwork()
            let chip = try #require(board.kind(network).chip)
            // A bit that flash has not set there.
            let bit = try #require((0..<8).map { UInt8(1) << UInt8($0) }.first { chip.bytes[place] & $0 == 0 })
            let kind = LoaderBackups.Board.realtek("bad cell") {
                if board.printsAgain { $0.commands.subtract(["DW", "LOADADDR"]) }
                $0.badCell = (address: 0x8050_0000 + UInt64(place), bit: bit)
            }
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated()
            let report = try await backups.backUp(simulated)
            #expect(network.transfers > 0)
            let proof = try #require(report.manifest.images.first?.proof)
            #expect(proof.notes.contains { $0.contains("read differently") }, "\(proof)")
            #expect(proof.result == (isRepaired ? .proven : .unstable), "\(proof)")
            #expect(!isRepaired || image(backups, report) == [chip.bytes])
            let copies = simulated.commands.filter { $0.hasPrefix("FLR ") }.map { $0.split(separator: " ")[1] }
            #expect(Set(copies) == ["80500000", "80600000"], "\(copies)")
        }
    }

    @Test(
        "Every transfer fails: one note, and the console", arguments: boards,
        [.short(by: 16), .refused, .stalls(after: 0), .resets] as [SimulatedLoaderNetwork.Fault])
    func brokenNetwork(_ board: Board, _ fault: SimulatedLoaderNetwork.Fault) async throws {
        let network = SimulatedLoaderNetwork()
        network.schedule(fault, every: 1)
        let kind = board.kind(network)
        let backups = try LoaderBackups(given: kind.given, network: network)
        let simulated = kind.simulated()
        let report = try await backups.backUp(simulated)
        try await backups.check(report, simulated, kind, "\(board.name), \(fault)")
        #expect(Self.surrenders(backups).count == 1, "\(backups.notes)")
        #expect(network.transfers <= 6 && network.isClosed, "\(network.transfers)")
        #expect(!report.manifest.capture.way.contains("over the network"), "\(report.manifest.capture.way)")
    }

    @Test("No port, no cable, or no network of the board's: one note, and the console", arguments: boards)
    func noNetwork(_ board: Board) async throws {
        for trouble in ["port", "cable"] where !(board.serves && trouble == "port") {
            let network = SimulatedLoaderNetwork()
            if trouble == "cable" { network.disconnect() }
            let kind = board.kind(network)
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated()
            let report = try await backups.backUp(simulated, portIsTaken: trouble == "port")
            try await backups.check(report, simulated, kind, "\(board.name), \(trouble)")
            let notes = Self.surrenders(backups)
            #expect(notes.count == 1, "\(backups.notes)")
            #expect(trouble != "port" || notes.first?.contains("UDP port 69") == true, "\(notes)")
        }
    }

    @Test("--via allows one method only")
    func via() async throws {
        for board in Self.boards {
            let network = SimulatedLoaderNetwork()
            let kind = board.kind(network)
            let backups = try LoaderBackups(given: kind.given, network: network)
            let line = try await backups.backUp(kind.simulated(), via: "line")
            #expect(network.transfers == 0 && !line.manifest.capture.way.contains("network"))
            let broken = SimulatedLoaderNetwork()
            broken.schedule(.refused, every: 1)
            let other = board.kind(broken)
            let only = try LoaderBackups(given: other.given, network: broken)
            await #expect(throws: FlashkeepError.self) { try await only.backUp(other.simulated(), via: "tftp") }
        }
        // Boards without a network of their own.
        for kind in [
            LoaderBackups.Board.barebox(), .cfe(.bcm47xx), .cfe(.bcm63xxNAND), LoaderBackups.Board.realteks[2],
        ] {
            let backups = try LoaderBackups(given: kind.given, network: SimulatedLoaderNetwork())
            let error = await #expect(throws: FlashkeepError.self) {
                try await backups.backUp(kind.simulated(kind.usualStart), via: "tftp")
            }
            #expect(error?.code == .toolMissing && error?.what.contains("TFTP") == true, "\(String(describing: error))")
        }
        let backups = try LoaderBackups(network: SimulatedLoaderNetwork())
        let error = await #expect(throws: FlashkeepError.self) {
            try await backups.backUp(LoaderBackups.Board.barebox().simulated(), via: "netconsole")
        }
        #expect(error?.code == .usage && error?.next.contains("--via tftp or --via line") == true)
    }

    @Test("A restart between two transfers: the addresses are set again", arguments: boards)
    func restarts(_ board: Board) async throws {
        let counter = SimulatedLoaderNetwork()
        let whole = board.kind(counter).simulated()
        let first = try LoaderBackups(given: board.kind(counter).given, network: counter)
        _ = try await first.backUp(whole)
        let setting = ["eth0.ipaddr", "ifconfig eth0", "IPCONFIG"]
        func count(_ board: SimulatedLoader) -> Int {
            board.commands.count { command in setting.contains { command.hasPrefix($0) } }
        }
        #expect(count(whole) == 1)
        for number in [whole.commands.count / 2, whole.commands.count - 2] {
            let network = SimulatedLoaderNetwork()
            let kind = board.kind(network)
            let backups = try LoaderBackups(given: kind.given, network: network)
            let simulated = kind.simulated()
            simulated.schedule(.reset(afterOutput: 3), at: number)
            let report = try await backups.backUp(simulated)
            try await backups.check(report, simulated, kind, "\(board.name), reset at \(number)")
            #expect(simulated.starts == 2)
        }
    }

    @Test("One in five hundred characters of the console is damaged", arguments: boards, [1, 2] as [UInt64])
    func badLine(_ board: Board, _ seed: UInt64) async throws {
        let network = SimulatedLoaderNetwork()
        let kind = board.kind(network)
        let backups = try LoaderBackups(given: kind.given, network: network)
        let simulated = kind.simulated()
        var faults = LineFaults()
        faults.replyRate = 500
        faults.commandRate = 500
        let report = try await backups.backUp(
            simulated, over: FaultyOpener(simulated, faults, seed: seed), reconnects: 20)
        try await backups.check(report, simulated, kind, damagesCommands: true, "\(board.name), seed \(seed)")
    }

    @Test("Realtek's server is not asked before AUTOBURN is confirmed to be 0")
    func autoburn() async throws {
        let stubborn = SimulatedLoaderNetwork()
        let kind = LoaderBackups.Board.realtek("stubborn") { $0.burnsAlways = true }
        let backups = try LoaderBackups(given: kind.given, network: stubborn)
        let simulated = kind.simulated()
        let report = try await backups.backUp(simulated)
        try await backups.check(report, simulated, kind, "stubborn")
        #expect(stubborn.transfers == 0 && backups.notes.contains { $0.contains("AUTOBURN") }, "\(backups.notes)")
        #expect(!simulated.commands.contains { $0.hasPrefix("IPCONFIG") || $0.hasPrefix("LOADADDR") })
        let good = LoaderBackups.Board.realtek("good")
        let network = SimulatedLoaderNetwork()
        let fetched = try LoaderBackups(given: good.given, network: network)
        let board = good.simulated()
        _ = try await fetched.backUp(board)
        let order = board.commands.filter {
            ["AUTOBURN", "LOADADDR", "IPCONFIG", "FLR"].contains($0.prefix { $0 != " " })
        }
        #expect(order.prefix(4).map { $0.prefix { $0 != " " } } == ["AUTOBURN", "LOADADDR", "IPCONFIG", "FLR"])
    }

    @Test("Realtek's server that sends other memory is not believed, and neither is FLR that copies nothing")
    func wrongMemory() async throws {
        let network = SimulatedLoaderNetwork()
        let kind = LoaderBackups.Board.realtek("elsewhere") { $0.servesElsewhere = true }
        let backups = try LoaderBackups(given: kind.given, network: network)
        let simulated = kind.simulated()
        let report = try await backups.backUp(simulated)
        try await backups.check(report, simulated, kind, "elsewhere")
        #expect(backups.notes.contains { $0.contains("other memory") }, "\(backups.notes)")
        let stale = LoaderBackups.Board.realtek("stale") { $0.copiesNothing = true }
        let other = try LoaderBackups(given: stale.given, network: SimulatedLoaderNetwork())
        let error = await #expect(throws: FlashkeepError.self) { try await other.backUp(stale.simulated()) }
        #expect(error?.code == .unreadable)
    }

    @Test(
        "A page of NAND that the ECC cannot repair is named, and the rest comes over the network",
        arguments: [true, false],
        [nil, "tftp"])
    func pages(_ hasChecksum: Bool, _ via: String?) async throws {
        let network = SimulatedLoaderNetwork()
        let kind = LoaderBackups.Board.barebox(isNAND: true) {
            $0.network = network
            $0.hasChecksum = hasChecksum
            $0.failingPages = [10]
        }
        let backups = try LoaderBackups(network: network)
        let board = kind.simulated()
        let report = try await backups.backUp(board, via: via)
        #expect(Self.surrenders(backups).isEmpty, "\(backups.notes)")
        // Neither is anything but that page printed.
        let dumps = board.commands.filter { $0.hasPrefix("md ") }
        #expect(dumps.isEmpty, "\(dumps)")
        let image = report.manifest.images[0]
        #expect(image.blocks.filter { $0.state == .unread }.map(\.range) == [10 * 512..<11 * 512])
        let chip = try #require(kind.chip)
        let bytes = try #require(backups.image(report, 0))
        #expect(
            bytes[..<(10 * 512)] == chip.bytes[..<(10 * 512)]
                && bytes[(11 * 512)..<(3 * 4096)] == chip.bytes[(11 * 512)..<(3 * 4096)])
        #expect(board.offences.isEmpty && network.transfers > 0, "\(board.offences)")
    }
}
