import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Restores to flash with other bad blocks.
@Suite("Restores past other bad blocks")
struct RestorePlacementTests {
    private static let size = 2_048
    private static let page = 512
    private static let count = 16

    /// A board whose NAND has a kernel in its first blocks, and UBI in the rest.
    private static func board(bad: Set<Int>, _ fill: (inout [UInt8], Range<Int>) -> Void) -> SimulatedHardware {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: count + 6, blockSize: size, pageSize: page, oobSize: 16, badBlocks: bad,
            seed: 4)
        for block in 4..<6 { nand.bytes.replaceSubrange(block * size..<(block + 1) * size, with: blank) }
        fill(&nand.bytes, 6 * size..<(count + 6) * size)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", macAddresses: ["02:00:00:00:00:01"]), chips: [nand],
            devices: [nand.device(0, "kernel", 0..<6), nand.device(1, "ubi", 6..<count + 6)])
        hardware.isWritable = true
        return hardware
    }

    private static let blank = [UInt8](repeating: 0xFF, count: size)

    /// Blocks as UBI may have left them: logical blocks anywhere, some of them twice, some free.
    private static func area(
        bad: Set<Int>, used: Int, image: UInt32, fastmap: Bool, using random: inout SplitMix64
    ) -> [[UInt8]] {
        var good = (0..<count).filter { !bad.contains($0 + 6) }.shuffled(using: &random)
        var blocks = [[UInt8]](repeating: blank, count: count)
        var sequence: UInt64 = 1
        func put(_ place: SampleUBI.Place?, _ data: [UInt8]) {
            guard let block = good.popLast() else { return }
            blocks[block] = SampleUBI.block(
                size: size, page: page, eraseCounter: sequence, image: image, sequence: sequence, holds: place,
                data: data)
            sequence += 1
        }
        for copy in 0..<2 { put(.init(SampleUBI.layout, UInt32(copy)), SampleUBI.table([used], in: size - 2 * page)) }
        for number in 0..<used {
            put(.init(0, UInt32(number)), (0..<900).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        if fastmap { put(.init(SampleUBI.fastmap, 0), [9]) }
        // A block that was rewritten, with its old copy still present.
        if used > 0, Bool.random(using: &random) { put(.init(0, 0), [1, 2, 3]) }
        while good.count > (Bool.random(using: &random) ? 1 : 0) { put(nil, []) }
        return blocks
    }

    private static func attached(_ hardware: SimulatedHardware) throws -> [SampleUBI.Place: [UInt8]]? {
        let flash = try #require(hardware.chips["nand0"])
        return SampleUBI.attached(
            (6..<count + 6).filter { !flash.badBlocks.contains($0) }.map {
                Array(flash.bytes[$0 * size..<($0 + 1) * size])
            }, page: page)
    }

    private static func fill(_ blocks: [[UInt8]]) -> (inout [UInt8], Range<Int>) -> Void {
        { $0.replaceSubrange($1, with: blocks.joined()) }
    }

    @Test("UBI finds all that it had, whichever blocks are bad", arguments: 0..<40)
    func ubi(_ seed: Int) async throws {
        var random = SplitMix64(state: UInt64(seed))
        func bad() -> Set<Int> { Set((0..<3).map { _ in Int.random(in: 6..<Self.count + 6, using: &random) }) }
        let (before, after) = (bad(), bad())
        let hasFastmap = seed % 4 == 0
        let then = Self.board(
            bad: before,
            Self.fill(Self.area(bad: before, used: 6, image: 7, fastmap: hasFastmap, using: &random)))
        // The board's present contents are older, formatted differently, or blank.
        let stale =
            seed % 3 == 0
            ? [[UInt8]](repeating: Self.blank, count: Self.count)
            : Self.area(bad: after, used: 4, image: UInt32(seed % 2) + 7, fastmap: false, using: &random)
        let kept = try await RestoreTests.Kept(then)
        let connector = SimulatedConnector(Self.board(bad: after, Self.fill(stale)))
        let report = try await kept.restore(connector)
        var wanted = try #require(try Self.attached(then))
        if before != after { wanted[.init(SampleUBI.fastmap, 0)] = nil }
        #expect(try Self.attached(connector.hardware) == wanted)
        #expect(report.plan.parts.allSatisfy { $0.partition.name != "ubi" || $0.policy == .ubi })
        // A second restore writes nothing, whether blocks were moved or not.
        let again = try await kept.restore(connector)
        #expect(again.plan.blockCount == 0 && again.erases == 0)
    }

    @Test("A restore past bad blocks that is cut off is gone on with")
    func cut() async throws {
        var random = SplitMix64(state: 3)
        let then = Self.board(
            bad: [9], Self.fill(Self.area(bad: [9], used: 6, image: 7, fastmap: true, using: &random)))
        let now = Self.board(
            bad: [12, 20], Self.fill(Self.area(bad: [12, 20], used: 5, image: 8, fastmap: false, using: &random)))
        let wanted = try #require(try Self.attached(then)).filter { $0.key.volume != SampleUBI.fastmap }
        let kept = try await RestoreTests.Kept(then)
        var cuts = 0
        while true {
            let point = cuts
            var torn = now
            torn.tears = point % 2 == 0
            let broken = SimulatedConnector(
                torn, onCall: { call, _ in if call == point { throw SimulatedConnector.lost } })
            let folder = try ScratchFolder()
            func run(_ connector: SimulatedConnector) async throws {
                let prepared = try await Restore.plan(kept.bag, on: connector, choice: RestoreTests.everything)
                _ = try #require(prepared.planning.plan)
                _ = try await Restore.run(
                    prepared, on: connector, before: folder.path.appending("before"), reconnects: 0,
                    environment: .simulated())
            }
            do {
                try await run(broken)
                break
            } catch let error as FlashkeepError where error.code == .boardLost {}
            let mended = SimulatedConnector(broken.hardware)
            try await run(mended)
            #expect(try Self.attached(mended.hardware) == wanted, "cut at call \(point)")
            cuts += 7
        }
        #expect(cuts > 60)
        print("restore past bad blocks cut at every seventh of \(cuts) calls")
    }

    @Test("UBI without enough good blocks is refused")
    func full() async throws {
        var random = SplitMix64(state: 5)
        let then = Self.board(
            bad: [], Self.fill(Self.area(bad: [], used: 11, image: 7, fastmap: false, using: &random)))
        let kept = try await RestoreTests.Kept(then)
        let connector = SimulatedConnector(
            Self.board(bad: [8, 9, 10]) { bytes, range in
                for place in range { bytes[place] = 0xFF }
            })
        let planning = try await kept.plan(connector)
        #expect(planning.refusals.map(\.code) == [.badBlock])
        #expect(planning.refusals.first?.subject == "mtd1 \"ubi\"")
        #expect(planning.refusals.first?.why.contains("its volumes need 15 good erase blocks") == true)
        #expect(connector.hardware.chips["nand0"]?.erases.isEmpty == true)
    }

    @Test("A block of UBI that fails is set aside, and its bytes go to another one")
    func failing() async throws {
        var random = SplitMix64(state: 6)
        let then = Self.board(
            bad: [9], Self.fill(Self.area(bad: [9], used: 6, image: 7, fastmap: false, using: &random)))
        let kept = try await RestoreTests.Kept(then)
        // The board is blank; two blocks always fail.
        var broken = Self.board(bad: [9]) { bytes, range in for place in range { bytes[place] = 0xFF } }
        let image = try #require(then.chips["nand0"]?.bytes)
        let used = (6..<Self.count + 6).filter { $0 != 9 && image[$0 * Self.size + Self.page] != 0xFF }
        broken.chips["nand0"]?.failing = [try #require(used.first): 1_000, try #require(used.last): 1_000]
        let connector = SimulatedConnector(broken)
        let report = try await kept.restore(connector)
        #expect(report.setAside == 2)
        #expect(try Restore.status(kept.bag).parts.map(\.setAside.count) == [2])
        #expect(try Restore.status(kept.bag).isWhole)
        let erases = connector.hardware.chips["nand0"]?.erases
        #expect(try await kept.restore(connector).plan.blockCount == 0)
        #expect(connector.hardware.chips["nand0"]?.erases == erases)
        #expect(try Self.attached(connector.hardware) == Self.attached(then))
    }

    @Test("Bytes that do not reach the board erase no block of UBI, and set none aside")
    func noRoom() async throws {
        var random = SplitMix64(state: 6)
        let then = Self.board(
            bad: [9], Self.fill(Self.area(bad: [9], used: 6, image: 7, fastmap: false, using: &random)))
        let kept = try await RestoreTests.Kept(then)
        var now = Self.board(bad: [9]) { bytes, range in for place in range { bytes[place] = 0x42 } }
        now.refusesBytes = true
        let connector = SimulatedConnector(now)
        await #expect(throws: FlashkeepError(.commandFailed, what: "", why: "", next: "")) {
            _ = try await kept.restore(connector)
        }
        #expect(connector.hardware.chips["nand0"]?.erases.isEmpty == true)
        #expect(connector.hardware.chips["nand0"]?.bytes == now.chips["nand0"]?.bytes)
        #expect(try Restore.status(kept.bag).parts.allSatisfy(\.setAside.isEmpty))
    }

    @Test("A failing block that UBI would believe stops it")
    func stale() async throws {
        var random = SplitMix64(state: 7)
        let then = Self.board(
            bad: [], Self.fill(Self.area(bad: [], used: 6, image: 7, fastmap: false, using: &random)))
        let kept = try await RestoreTests.Kept(then)
        var broken = Self.board(
            bad: [], Self.fill(Self.area(bad: [], used: 6, image: 8, fastmap: false, using: &random)))
        for block in 6..<Self.count + 6 { broken.chips["nand0"]?.failing[block] = 1_000 }
        await #expect(throws: FlashkeepError(.writeFailed, what: "", why: "", next: "")) {
            _ = try await kept.restore(SimulatedConnector(broken))
        }
    }

    // MARK: Streams

    @Test("A stream moves past bad blocks only where it is said to be one")
    func stream() async throws {
        var random = SplitMix64(state: 8)
        let blocks = Self.area(bad: [], used: 4, image: 7, fastmap: false, using: &random)
        let then = Self.board(bad: [1], Self.fill(blocks))
        let now = Self.board(bad: [3], Self.fill(blocks))
        let kept = try await RestoreTests.Kept(then)
        let refused = try await kept.plan(SimulatedConnector(now))
        #expect(refused.refusals.map(\.code) == [.badBlock])
        #expect(refused.refusals.first?.next.contains("--skip-bad") == true)
        var choice = RestoreTests.everything
        choice.streams = ["kernel"]
        let connector = SimulatedConnector(now)
        let report = try await kept.restore(connector, choice)
        #expect(report.plan.parts.map(\.policy) == [.skipBad])
        func stream(_ hardware: SimulatedHardware) throws -> [UInt8] {
            let flash = try #require(hardware.chips["nand0"])
            return (0..<6).filter { !flash.badBlocks.contains($0) }.flatMap {
                flash.bytes[$0 * Self.size..<($0 + 1) * Self.size]
            }
        }
        #expect(try stream(connector.hardware) == stream(then))
        #expect(try await kept.restore(connector, choice).plan.blockCount == 0)
    }

    @Test("A stream for which there are too few good blocks is refused")
    func noStream() async throws {
        var random = SplitMix64(state: 9)
        let blocks = Self.area(bad: [], used: 4, image: 7, fastmap: false, using: &random)
        let kept = try await RestoreTests.Kept(Self.board(bad: [1], Self.fill(blocks)))
        var choice = RestoreTests.everything
        choice.streams = ["kernel"]
        // Blocks 0, 2 and 3 have data.
        let few = try await kept.plan(SimulatedConnector(Self.board(bad: [0, 1, 2, 5], Self.fill(blocks))), choice)
        #expect(few.refusals.map(\.code) == [.badBlock])
        #expect(few.refusals.first?.why.contains("it fills 3 erase blocks, and the board has 2 good ones") == true)
    }
}
