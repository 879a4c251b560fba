import BackupBags
import FlashModel
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Whole backups of simulated boards, each with its own faults.
@Suite("Backups of simulated boards")
struct SimulatedBackupTests {

    /// The numbers of the erase blocks in this state.
    private func blocks(_ report: BackupReport, _ state: BlockState, _ chip: String, of size: Int) -> [Int] {
        BagCheck.places(report, state, chip: chip).flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: size).map { $0 / size }
        }
    }

    @Test("Every byte of a sound board is kept once, and proven", arguments: [true, false])
    func sound(_ isDisorderly: Bool) async throws {
        var hardware = SampleBoards.router()
        hardware.isDisorderly = isDisorderly
        let report = try await SimulatedBackups.checked(hardware)
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        #expect(report.manifest.images.count == 5, "nested and overlapping devices share an image")
        let total = report.manifest.images.map(\.size).reduce(0, +)
        #expect(total == 65_536)
        #expect(report.manifest.images.allSatisfy { $0.proof.against == .boardChecksum })
        #expect(report.image(2) == report.image(1))
        #expect(report.image(5) == report.image(6))
        // A checksum in the manifest must be that of the whole image.
        for image in report.manifest.images where image.proof.checksum != nil && image.badBlocks.isEmpty {
            #expect(image.proof.checksum?.hex == image.sha256)
        }
        #expect(report.manifest.warnings.isEmpty)
        #expect(report.manifest.capture.retries == 0)
    }

    @Test("Without a checksum tool all is read twice", arguments: [true, false])
    func secondRead(_ isDisorderly: Bool) async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = []
        hardware.isDisorderly = isDisorderly
        let report = try await SimulatedBackups.checked(hardware)
        #expect(report.summary.isWhole && report.summary.isProven)
        #expect(report.manifest.images.allSatisfy { $0.proof.against == .secondRead && $0.proof.result == .proven })
    }

    @Test("Every checksum that a board may have", arguments: ChecksumAlgorithm.allCases)
    func algorithms(_ algorithm: ChecksumAlgorithm) async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = [algorithm]
        let report = try await SimulatedBackups.checked(hardware)
        #expect(report.summary.isProven)
        #expect(report.image(0)?.proof.checksum?.algorithm == algorithm)
    }

    @Test("Where no proof is wanted none is claimed")
    func noProof() async throws {
        let report = try await SimulatedBackups.checked(SampleBoards.router()) { $0.proof = .none }
        #expect(report.summary.isWhole && !report.summary.isProven)
        #expect(report.manifest.images.allSatisfy { $0.proof == Proof.none })
    }

    @Test("What the ECC did is named, block by block; where it failed the backup is not whole")
    func errorCorrection() async throws {
        var hardware = SampleBoards.router()
        hardware.chips["nand0"]?.corrected = [2, 9, 20]
        hardware.chips["nand0"]?.failed = [12]
        let report = try await SimulatedBackups.checked(hardware)
        #expect(blocks(report, .eccCorrected, "nand0", of: 2048) == [2, 9, 20])
        #expect(blocks(report, .eccFailed, "nand0", of: 2048) == [12])
        #expect(blocks(report, .factoryBad, "nand0", of: 2048) == [5, 17])
        #expect(!report.summary.isWhole)
        #expect(report.summary.isProven, "what could be read was checked: \(report.summary.sentences)")
    }

    @Test("Bytes that cannot be read are named, and nothing else is lost")
    func unreadable() async throws {
        var hardware = SampleBoards.router()
        let hole = 4608..<4864
        hardware.chips["spi0.0"]?.unreadable = [hole]
        let report = try await SimulatedBackups.checked(hardware)
        #expect(BagCheck.places(report, .unread, chip: "spi0.0") == [hole])
        #expect(!report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
    }

    @Test("An image of which nothing could be read is not called proven")
    func nothingReadable() async throws {
        var hardware = SampleBoards.router()
        hardware.chips["spi0.0"]?.unreadable = [0..<3 * 1024]
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            hardware.algorithms = algorithms
            let report = try await SimulatedBackups.checked(hardware)
            #expect(report.image(0)?.proof.result == .unproven)
            #expect(report.image(1)?.proof.result == .proven)
            #expect(!report.summary.isWhole && !report.summary.isProven)
        }
    }

    @Test("A live partition that was written to once between two reads is kept as it is now, and called changed")
    func liveOnce() async throws {
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            var hardware = SampleBoards.router()
            hardware.algorithms = algorithms
            hardware.devices[7].partition.isLive = true
            hardware.pendingWrites = [7: 1]
            let report = try await SimulatedBackups.checked(hardware)
            #expect(report.image(7)?.proof.result == .changed)
            #expect(report.image(7)?.proof.notes.isEmpty == false)
            #expect(report.image(5)?.proof.result == .proven)
            #expect(report.summary.isWhole && !report.summary.isProven)
            #expect(blocks(report, .changed, "nand0", of: 2048) == [23])
        }
    }

    @Test("A live partition that is written to all the time ends, and is called changed")
    func liveAlways() async throws {
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            var hardware = SampleBoards.router()
            hardware.algorithms = algorithms
            hardware.devices[3].partition.isLive = true
            hardware.devices[1].partition.isLive = true
            hardware.pendingWrites = [1: 10_000]
            let report = try await SimulatedBackups.checked(hardware)
            #expect(report.image(3)?.proof.result == .changed)
            #expect(!BagCheck.places(report, .changed, chip: "spi0.0").isEmpty)
        }
    }

    @Test("A block that reads differently each time though nobody writes is unstable, and named")
    func unstable() async throws {
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            var hardware = SampleBoards.router()
            hardware.algorithms = algorithms
            hardware.chips["spi0.0"]?.unstable = [5]
            let report = try await SimulatedBackups.checked(hardware)
            #expect(report.image(1)?.proof.result == .unstable)
            #expect(blocks(report, .unstable, "spi0.0", of: 1024) == [5])
            #expect(report.image(0)?.proof.result == .proven)
            #expect(!report.summary.isWhole && !report.summary.isProven)
        }
    }

    @Test("A block that read wrongly once is put right, and the image proven")
    func misread() async throws {
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            var hardware = SampleBoards.router()
            hardware.algorithms = algorithms
            hardware.chips["spi0.0"]?.misreads = [5: 1]
            let report = try await SimulatedBackups.checked(hardware)
            #expect(report.image(1)?.proof.result == .proven)
            #expect(report.image(1)?.proof.notes.contains { $0.contains("differently the first time") } == true)
            #expect(report.summary.isWhole && report.summary.isProven)
        }
    }

    @Test("A partition that vanishes leaves a backup of all the rest", arguments: [0, 1, 2, 3, 4, 6, 8])
    func vanishing(_ chunks: Int) async throws {
        for algorithms in [[ChecksumAlgorithm.sha256], []] {
            var hardware = SampleBoards.router()
            hardware.algorithms = algorithms
            hardware.vanishing = [7: chunks]
            let report = try await SimulatedBackups.checked(hardware)
            let wasRead = chunks >= 4
            #expect(report.summary.isWhole == wasRead, "\(report.summary.sentences)")
            // Four chunks are read, and another four or a single checksum prove it.
            let enough = algorithms.isEmpty ? 8 : 6
            #expect(report.summary.isProven == (chunks >= enough), "\(report.summary.sentences)")
            #expect(report.manifest.warnings.contains { $0.contains("vanished") } == !wasRead)
            #expect(report.image(5)?.proof.result == .proven)
            if !report.summary.isProven { #expect(report.image(7)?.proof.result == .unproven) }
        }
    }

    @Test("A board without places keeps each partition on its own")
    func noPlaces() async throws {
        var hardware = SampleBoards.router()
        for position in hardware.devices.indices {
            hardware.devices[position].partition.offset = nil
            hardware.devices[position].partition.offsetSource = .none
        }
        let folder = try ScratchFolder()
        let report = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder)
        #expect(report.manifest.images.count == 8)
        #expect(BagCheck.problems(report) { hardware.expected($0.index) }.isEmpty)
    }

    @Test("Bytes that no partition reaches are a gap, and the backup is not whole")
    func gap() async throws {
        var hardware = SampleBoards.router()
        hardware.devices.removeAll { $0.partition.index == 4 }
        let report = try await SimulatedBackups.checked(hardware)
        #expect(report.manifest.gaps.map(\.size) == [2 * 1024])
        #expect(!report.summary.isWhole && report.summary.isProven)
    }

    @Test("With OOB every page of NAND is kept a second time, with its OOB bytes")
    func withOOB() async throws {
        var hardware = SampleBoards.router()
        hardware.readsOOB = true
        hardware.chips["nand0"]?.corrected = [20]
        let folder = try ScratchFolder()
        let report = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder) { $0.withOOB = true }
        #expect(BagCheck.problems(report, hardware).isEmpty)
        let images = report.manifest.images.filter { $0.representation == .dataWithOOB }
        #expect(images.count == 2)
        let nand = try #require(hardware.chips["nand0"])
        for image in images {
            #expect(image.proof.result == .proven && image.proof.against == .secondRead)
            let file = ScratchFolder.read(FilePath(report.bag).appending(image.path))
            let first = (image.offset ?? 0) / 512
            var wrong: [Int] = []
            for page in 0..<file.count / 528 {
                let isBad = nand.badBlocks.contains((first + page) / 4)
                let start = (first + page) * 512
                var expected = Array(nand.bytes[start..<start + 512]) + hardware.oob(first + page, of: nand.chip)
                if isBad { expected = [UInt8](repeating: 0xFF, count: 528) }
                let kept = Array(file[page * 528..<(page + 1) * 528])
                if kept != expected { wrong.append(page) }
            }
            #expect(wrong.isEmpty, "\(image.path)")
            #expect(file.count == image.size)
        }
        let corrected = images.flatMap(\.blocks).filter { $0.state == .eccCorrected }
        #expect(corrected.map(\.offset) == [8448] && corrected.map(\.size) == [2112])
    }

    @Test("A board without nanddump is refused when OOB is asked for, before anything is read")
    func noOOB() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(SampleBoards.router())
        await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
            try await SimulatedBackups.run(connector, in: folder) { $0.withOOB = true }
        }
        #expect(connector.calls == 1)
    }

    // MARK: Lost boards

    @Test("A board that is lost and comes back is read to the end, without reading anything twice")
    func reconnects() async throws {
        let folder = try ScratchFolder()
        let waits = Mutex<[Duration]>([])
        let connector = SimulatedConnector(
            SampleBoards.router(),
            onCall: { number, _ in if [5, 9, 30].contains(number) { throw SimulatedConnector.lost } })
        let told = Told()
        let report = try await Backup.run(
            connector, options: BackupOptions(target: folder.path.appending("bag")),
            environment: .simulated(waited: { wait in waits.withLock { $0.append(wait) } }), progress: told.handler)
        #expect(BagCheck.problems(report, connector.hardware).isEmpty)
        #expect(report.summary.isWhole && report.summary.isProven)
        #expect(connector.connections == 4)
        #expect(report.manifest.capture.retries == 3)
        // Each connection makes progress, so the waits do not grow.
        #expect(waits.withLock { $0 } == [.seconds(5), .seconds(5), .seconds(5)])
        #expect(told.warnings.count == 3)
    }

    @Test("A board that is lost more often than it is waited for is read to the end, if it gives something each time")
    func manyReconnects() async throws {
        let folder = try ScratchFolder()
        let calls = Mutex(0)
        let connector = SimulatedConnector(
            SampleBoards.router(),
            onCall: { _, _ in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call % 12 == 0 { throw SimulatedConnector.lost }
            })
        let report = try await SimulatedBackups.run(connector, in: folder) { $0.reconnects = 2 }
        #expect(report.summary.isProven && BagCheck.problems(report, connector.hardware).isEmpty)
        #expect(connector.connections > 4)
    }

    @Test("A board that gives nothing more is waited for longer each time, and then no more")
    func noReconnects() async throws {
        let folder = try ScratchFolder()
        let waits = Mutex<[Duration]>([])
        let connector = SimulatedConnector(
            SampleBoards.router(), onCall: { number, _ in if number >= 5 { throw SimulatedConnector.lost } })
        await #expect(throws: FlashkeepError(.boardLost, what: "", why: "", next: "")) {
            _ = try await Backup.run(
                connector, options: BackupOptions(target: folder.path.appending("bag"), reconnects: 3),
                environment: .simulated(waited: { wait in waits.withLock { $0.append(wait) } }))
        }
        #expect(waits.withLock { $0 } == [.seconds(5), .seconds(10), .seconds(15)])
    }

    @Test("A board that takes a while to come back is waited for")
    func slowRestart() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(
            SampleBoards.router(),
            onReach: { number, _ in
                if (2...4).contains(number) {
                    throw FlashkeepError(.connectionRefused, what: "No.", why: "Not yet.", next: "Wait.")
                }
            }, onCall: { number, _ in if number == 7 { throw SimulatedConnector.lost } })
        let report = try await SimulatedBackups.run(connector, in: folder)
        #expect(report.summary.isProven)
        #expect(connector.connections == 5)
    }

    @Test("A board that never comes back ends it, and what was read is kept")
    func goneForGood() async throws {
        let folder = try ScratchFolder()
        let gone = SimulatedConnector(
            SampleBoards.router(), onReach: { number, _ in if number > 1 { throw SimulatedConnector.lost } },
            onCall: { number, _ in if number == 12 { throw SimulatedConnector.lost } })
        await #expect(throws: SimulatedConnector.lost) {
            try await SimulatedBackups.run(gone, in: folder) { $0.reconnects = 3 }
        }
        #expect(gone.connections == 4)
        #expect(folder.exists("bag.partial") && !folder.exists("bag"))
        let report = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.router()), in: folder)
        #expect(report.resumedBytes > 0)
        #expect(report.summary.isProven)
        #expect(!folder.exists("bag.partial"))
    }

    @Test("The first connection is not tried again: the address may be wrong")
    func neverThere() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(SampleBoards.router(), onReach: { _, _ in throw SimulatedConnector.lost })
        await #expect(throws: SimulatedConnector.lost) { try await SimulatedBackups.run(connector, in: folder) }
        #expect(connector.connections == 1)
        #expect(!folder.exists("bag.partial"))
    }

    @Test("When another board, or another layout, answers after a loss, that is said and nothing is mixed")
    func anotherBoard() async throws {
        let changes: [@Sendable (inout SimulatedHardware) -> Void] = [
            { $0.identity.macAddresses = ["02:00:00:00:00:02"] },
            { $0.identity.model = "Acme R2" },
            { $0.devices[4].partition.size -= 1024 },
            { $0.devices.removeLast() },
            { $0.devices[0].partition.name = "uboot" },
        ]
        for change in changes {
            let folder = try ScratchFolder()
            let connector = SimulatedConnector(
                SampleBoards.router(), onReach: { number, hardware in if number == 2 { change(&hardware) } },
                onCall: { number, _ in if number == 9 { throw SimulatedConnector.lost } })
            await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
                try await SimulatedBackups.run(connector, in: folder)
            }
            #expect(!folder.exists("bag"))
            // A new run on the other board must not resume it either; one on the first board may.
            await #expect(throws: FlashkeepError(.otherBackupInProgress, what: "", why: "", next: "")) {
                try await SimulatedBackups.run(connector, in: folder)
            }
            let report = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.router()), in: folder)
            #expect(report.summary.isProven && report.resumedBytes > 0)
        }
    }

    @Test("An error that waiting cannot heal is not waited for")
    func finalErrors() async throws {
        for code in [FlashkeepError.Code.toolMissing, .unreadable, .replyNotUnderstood, .notRoot] {
            let folder = try ScratchFolder()
            let connector = SimulatedConnector(
                SampleBoards.router(),
                onCall: { number, _ in
                    if number == 8 { throw FlashkeepError(code, what: "It is so.", why: "So.", next: "So.") }
                })
            await #expect(throws: FlashkeepError(code, what: "", why: "", next: "")) {
                try await SimulatedBackups.run(connector, in: folder)
            }
            #expect(connector.connections == 1)
        }
    }
}
