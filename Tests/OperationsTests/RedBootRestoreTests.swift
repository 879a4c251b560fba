import BackupBags
import BoardChannels
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Restores through a simulated RedBoot.
@Suite("Restores through RedBoot", .serialized)
struct RedBootRestoreTests {
    private static func scenario(_ change: (inout RedBootScenario) -> Void = { _ in }) -> RedBootScenario {
        var scenario = RedBootBackups.scenario(change)
        scenario.hardware.isWritable = true
        return scenario
    }

    /// The same board with changes in RedBoot, in two blocks of Linux, and in the blank area.
    private static func damaged(_ scenario: RedBootScenario) -> RedBootScenario {
        var scenario = scenario
        scenario.hardware.chips["flash0"]?.bytes[0x1020] ^= 0x81
        for place in 0x2000..<0x3000 { scenario.hardware.chips["flash0"]?.bytes[place] = 0xFF }
        scenario.hardware.chips["flash0"]?.bytes[0x3FFF] ^= 0x18
        scenario.hardware.chips["flash0"]?.bytes[0x5800] = 0x12
        return scenario
    }

    /// Backs up a board, restores it, and checks the result.
    @discardableResult
    private func check(
        _ backups: RedBootBackups, _ scenario: RedBootScenario, _ what: Comment, damaged: RedBootScenario? = nil,
        blocks: Int = 4, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> SimulatedRedBoot {
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let board = SimulatedRedBoot(damaged ?? Self.damaged(scenario))
        let report = try await backups.restore(board, bag)
        #expect(RedBootBackups.isSame(board, scenario), what, sourceLocation: sourceLocation)
        #expect(report.blocksWritten == blocks, what, sourceLocation: sourceLocation)
        #expect(board.offences.isEmpty, "\(what): \(board.offences)", sourceLocation: sourceLocation)
        #expect(board.locked == scenario.locked, what, sourceLocation: sourceLocation)
        // Nothing is written but by `fis write`, and no directory is made.
        for word in ["fis init", "fis create", "fis delete", "fis erase", "mcopy", "alias", "baudrate"] {
            #expect(board.count(of: word) == 0, "\(what): \(word)", sourceLocation: sourceLocation)
        }
        return board
    }

    // MARK: Good boards

    @Test("All that differs is put back, and nothing else", arguments: RedBootScenario.Generation.allCases)
    func everything(_ generation: RedBootScenario.Generation) async throws {
        let backups = try RedBootBackups()
        let scenario = Self.scenario { $0.generation = generation }
        let board = try await check(backups, scenario, "\(generation)")
        // The blank block is filled in RAM, and the others come over the line.
        #expect(board.count(of: "load") == 3 && board.count(of: "mfill") == 1 && board.count(of: "fis write") == 4)
        let erases = board.hardware.chips["flash0"]?.erases ?? [:]
        #expect(erases == [1: 1, 2: 1, 3: 1, 5: 1])
        // RedBoot's own block is last.
        let writes = board.commands.filter { $0.hasPrefix("fis write") }
        #expect(writes.last?.hasPrefix("fis write -f 0xbe001000 ") == true, "\(writes)")
    }

    @Test("The directory and the configuration are one block, and go back together")
    func sharedBlock() async throws {
        let backups = try RedBootBackups()
        let scenario = Self.scenario()
        var damaged = scenario
        damaged.hardware.chips["flash0"]?.bytes[0x7000] = 0xFF
        damaged.hardware.chips["flash0"]?.bytes[0x7C10] ^= 1
        let board = try await check(backups, scenario, "shared block", damaged: damaged, blocks: 1)
        #expect(board.commands.contains { $0.hasPrefix("fis write -f 0xbe007000 ") && $0.hasSuffix("-l 0x1000") })
        // Both at once with RedBoot: the changed directory does not stop the rest.
        damaged.hardware.chips["flash0"]?.bytes[0x10] ^= 1
        try await check(try RedBootBackups(), scenario, "shared block and RedBoot", damaged: damaged, blocks: 2)
    }

    @Test("Without permission, RedBoot and its directory are left alone")
    func guarded() async throws {
        let backups = try RedBootBackups()
        let scenario = Self.scenario()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        var damaged = Self.damaged(scenario)
        damaged.hardware.chips["flash0"]?.bytes[0x7C10] ^= 1
        let board = SimulatedRedBoot(damaged)
        let report = try await backups.restore(board, bag, choice: RestoreChoice())
        #expect(report.blocksWritten == 3)
        let bytes = try #require(board.hardware.chips["flash0"]?.bytes)
        #expect(bytes[0x1020] != scenario.hardware.chips["flash0"]?.bytes[0x1020])
        #expect(bytes[0x7C10] != scenario.hardware.chips["flash0"]?.bytes[0x7C10])
        #expect(bytes[0x2000..<0x7000] == scenario.hardware.chips["flash0"]?.bytes[0x2000..<0x7000])
    }

    @Test("Over the network, and over telnet, where nothing is echoed")
    func ways() async throws {
        func networked(_ scenario: inout RedBootScenario) { scenario.network = RedBootScenario.Network() }
        for generation in RedBootScenario.Generation.allCases {
            let scenario = Self.scenario {
                networked(&$0)
                $0.generation = generation
            }
            let board = try await check(try RedBootBackups(isNetworked: true), scenario, "tftp")
            #expect(board.commands.filter { $0.contains("-m tftp -h 192.168.1.2 fk") }.count == 3)
            #expect(board.commands.filter { $0.contains("-m ymodem") }.isEmpty)
        }
        let other = Self.scenario {
            networked(&$0)
            $0.network?.board = "10.1.2.3"
        }
        // As the board has an address of its own, it keeps it, unless the user gives another one.
        let kept = try await check(try RedBootBackups(isNetworked: true), other, "another network")
        #expect(kept.count(of: "load -r -b 0x80010000 -m ymodem") == 3 && kept.count(of: "ip_address -l") == 0)
        let moved = try await check(
            try RedBootBackups(isNetworked: true, boardIP: "192.168.1.9"), other, "an address that was given")
        #expect(moved.count(of: "ip_address -l 192.168.1.9/24 -h 192.168.1.2") == 1)
        #expect(moved.commands.filter { $0.contains("-m tftp") }.count == 3)
        let telnet = Self.scenario {
            networked(&$0)
            $0.isTelnet = true
        }
        try await check(try RedBootBackups(isNetworked: true), telnet, "telnet")
        // Without TFTP nothing crosses a telnet port unharmed.
        let alone = Self.scenario { $0.isTelnet = true }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(alone)).bag)
        let planning = try await backups.plan(SimulatedRedBoot(Self.damaged(alone)), bag).planning
        #expect(planning.refusals.contains { $0.why.contains("telnet") }, "\(planning.refusals)")
    }

    @Test("Where nobody answers, the console is used")
    func noNetwork() async throws {
        for (name, change) in [
            ("not connected", { $0.network?.isConnected = false }), ("no card", { $0.network = nil }),
            ("no address", { $0.network?.board = "0.0.0.0" }),
        ] as [(Comment, (inout RedBootScenario) -> Void)] {
            let scenario = Self.scenario {
                $0.network = RedBootScenario.Network()
                change(&$0)
            }
            let board = try await check(try RedBootBackups(isNetworked: true), scenario, name)
            #expect(board.commands.filter { $0.contains("-m ymodem") }.count == 3, name)
            #expect(board.commands.filter { $0.contains("-m tftp") }.count == (name == "not connected" ? 1 : 0), name)
        }
    }

    @Test("Bytes that are damaged on their way are sent again, before anything is erased")
    func damagedOnce() async throws {
        let scenario = Self.scenario {
            $0.network = RedBootScenario.Network()
            $0.network?.flips = [1, 2]
        }
        let board = try await check(try RedBootBackups(isNetworked: true), scenario, "flips")
        #expect(board.commands.filter { $0.contains("-m tftp") }.count == 5)
        let write = try #require(board.commands.firstIndex { $0.hasPrefix("fis write -f 0xbe002000 ") })
        #expect(board.commands[..<write].filter { $0.contains("-m tftp") }.count == 3)
    }

    // MARK: Trouble

    @Test("Locked blocks are unlocked for the write, and locked again")
    func locks() async throws {
        let scenario = Self.scenario { $0.locked = [2, 3, 6] }
        let board = try await check(try RedBootBackups(), scenario, "locked")
        #expect(board.count(of: "fis unlock") == 2 && board.count(of: "fis lock") == 2)
    }

    @Test("A reset between unlocking and locking leaves no block open")
    func lockedAgain() async throws {
        let scenario = Self.scenario { $0.locked = [2] }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        var damaged = scenario
        damaged.hardware.chips["flash0"]?.bytes[0x2234] ^= 0x81
        let counter = SimulatedRedBoot(damaged)
        _ = try await backups.restore(counter, bag)
        let start = try #require(counter.commands.firstIndex { $0.hasPrefix("fis unlock") })
        let end = try #require(counter.commands.lastIndex { $0.hasPrefix("fis lock") })
        for number in start...end {
            let board = SimulatedRedBoot(damaged)
            board.schedule(.reset(afterOutput: 3), at: number + 1)
            try backups.folder.removeAll(but: "bag")
            _ = try await backups.restore(board, bag, reconnects: 2)
            let what: Comment = "\(counter.commands[number])"
            #expect(RedBootBackups.isSame(board, scenario) && board.locked == [2] && board.starts == 2, what)
        }
    }

    /// The text: eCos `io/flash/current/src/flash.c`, flash_errmsg.
    @Test("A block that fails once for another reason is not locked afterwards")
    func notLocked() async throws {
        let scenario = Self.scenario()
        var damaged = Self.damaged(scenario)
        damaged.faults["fis write"] = .failsOnce(
            "Can't program region at 0xbe002000: Driver timed out waiting for device")
        let board = try await check(try RedBootBackups(), scenario, "a timeout", damaged: damaged)
        #expect(board.count(of: "fis unlock") == 1 && board.count(of: "fis lock") == 0)
    }

    @Test("A lock that no command can open stops the restore, and the block is as it was")
    func locksForGood() async throws {
        let scenario = Self.scenario {
            $0.locked = [2]
            $0.hasLocks = false
        }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let board = SimulatedRedBoot(Self.damaged(scenario))
        do {
            _ = try await backups.restore(board, bag)
            Issue.record("it was written")
        } catch let error as FlashkeepError {
            #expect(error.code == .writeFailed && error.why.contains("write-protected"), "\(error)")
        }
        #expect(board.offences.isEmpty)
    }

    @Test("Another question is answered with no, and nothing is written")
    func otherQuestions() async throws {
        let scenario = Self.scenario()
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        for text in [
            "* CAUTION * about to program FLASH\n            at 0xbe000000..0xbe007fff from 0x80010000 - continue (y/n)? ",
            "Really (y/n)? ",
        ] {
            var damaged = Self.damaged(scenario)
            damaged.faults["fis write"] = .asks(text)
            let board = SimulatedRedBoot(damaged)
            do {
                _ = try await backups.restore(board, bag)
                Issue.record("it was written")
            } catch let error as FlashkeepError {
                #expect(error.code == .commandFailed && error.why.contains("did not ask"), "\(error)")
            }
            #expect(RedBootBackups.isSame(board, damaged) && board.offences.isEmpty)
            try backups.folder.removeAll(but: "bag")
        }
    }

    @Test("A write that lies, or stops early, is not believed")
    func lies() async throws {
        let scenario = Self.scenario()
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        for fault in [RedBootScenario.Fault.nothing, .short, .fails("*** invalid 'fis' command: unrecognized command")]
        {
            var damaged = Self.damaged(scenario)
            damaged.faults["fis write"] = fault
            let board = SimulatedRedBoot(damaged)
            await #expect(throws: FlashkeepError.self) { try await backups.restore(board, bag) }
            #expect(board.offences.isEmpty)
            try backups.folder.removeAll(but: "bag")
        }
    }

    /// The first text is RedBoot's (`redboot/current/src/flash.c`, fis_write); the second is made up.
    @Test(
        "A write that is refused without a question is no success",
        arguments: [
            ("Can't program this region - contains code in use!", "code in use"), ("Not today.", "asked no question"),
        ])
    func refusedWithoutQuestion(_ text: String, _ words: String) async throws {
        let scenario = Self.scenario()
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        var damaged = Self.damaged(scenario)
        damaged.faults["fis write"] = .fails(text)
        let board = SimulatedRedBoot(damaged)
        do {
            _ = try await backups.restore(board, bag)
            Issue.record("it was written")
        } catch let error as FlashkeepError {
            #expect(error.code == .commandFailed && error.why.contains(words), "\(error)")
        }
        #expect(RedBootBackups.isSame(board, damaged) && board.offences.isEmpty)
    }

    @Test("What a RedBoot cannot do is refused before anything is sent")
    func refusals() async throws {
        let scenario = Self.scenario()
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        for missing in [["fis write"], ["cksum"], ["load"]] {
            var poor = Self.damaged(scenario)
            poor.missing = Set(missing)
            let board = SimulatedRedBoot(poor)
            let planning = try await backups.plan(board, bag).planning
            #expect(planning.plan == nil && !planning.refusals.isEmpty, "without \(missing)")
            #expect(RedBootBackups.isSame(board, poor) && board.offences.isEmpty)
        }
        var uneven = Self.damaged(scenario)
        uneven.generation = .y2012
        uneven.flashLine = "FLASH: 0xbe000000-0xbe007fff, 7 x 0x1000 blocks, 4 x 0x400 blocks"
        let planning = try await backups.plan(SimulatedRedBoot(uneven), bag).planning
        #expect(planning.plan == nil && !planning.refusals.isEmpty)
    }

    @Test("A RedBoot that runs from flash is not erased under itself")
    func ownCode() async throws {
        let scenario = Self.scenario { $0.startup = "ROM" }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let planning = try await backups.plan(SimulatedRedBoot(Self.damaged(scenario)), bag).planning
        #expect(planning.plan == nil)
        #expect(planning.refusals.map(\.why).allSatisfy { $0.contains("erase itself") }, "\(planning.refusals)")
        // All else is written, its directory, too.
        var damaged = Self.damaged(scenario)
        damaged.hardware.chips["flash0"]?.bytes[0x1020] ^= 0x81
        damaged.hardware.chips["flash0"]?.bytes[0x7C10] ^= 1
        let board = SimulatedRedBoot(damaged)
        #expect(try await backups.restore(board, bag).blocksWritten == 4)
        #expect(RedBootBackups.isSame(board, scenario) && board.offences.isEmpty)
        // No person is told to do it, either; the whole chip would take it along.
        let text = try String(contentsOfFile: bag.appending("RESTORE.md").string, encoding: .utf8)
        #expect(text.components(separatedBy: "erase itself").count == 3)
        #expect(text.contains("fis write -f 0xbe002000 ") && !text.contains("fis write -f 0xbe000000 "))
    }

    /// In 2003, YMODEM drops bytes 1A at the end of a block.
    @Test("Bytes that a RedBoot of 2003 takes for padding never reach its flash damaged")
    func padding() async throws {
        let scenario = Self.scenario {
            $0.generation = .y2003
            for place in 0x23F0..<0x2400 { $0.hardware.chips["flash0"]?.bytes[place] = 0x1A }
        }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let board = SimulatedRedBoot(Self.damaged(scenario))
        do {
            _ = try await backups.restore(board, bag)
            Issue.record("it was written")
        } catch let error as FlashkeepError {
            #expect(error.code == .commandFailed && error.why.contains("bytes arrived"), "\(error)")
        }
        // Over the network it works.
        var networked = scenario
        networked.network = RedBootScenario.Network()
        try await check(try RedBootBackups(isNetworked: true), networked, "tftp")
    }

    @Test(
        "One in five hundred characters is damaged, both ways",
        arguments: (1...(Campaign.isOn ? 60 : 5)) as ClosedRange<UInt64>)
    func badLine(_ seed: UInt64) async throws {
        let scenario = Self.scenario { $0.network = RedBootScenario.Network() }
        let backups = try RedBootBackups(isNetworked: true)
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let board = SimulatedRedBoot(Self.damaged(scenario))
        var faults = LineFaults()
        faults.replyRate = 500
        faults.commandRate = 500
        let opener = FaultyOpener(board, faults, seed: seed)
        for attempt in 0..<5 where !RedBootBackups.isSame(board, scenario) {
            do {
                _ = try await backups.restore(board, bag, reconnects: 10, over: opener)
            } catch let error as FlashkeepError where attempt < 4 {
                // A character became a $: the board must be switched off and on.
                #expect([.boardSilent, .boardLost, .noReplyInTime].contains(error.code), "\(error)")
            }
        }
        #expect(RedBootBackups.isSame(board, scenario) && opener.damaged > 0)
        // Only `fis write` changes flash, and only whole blocks that differ.
        let erased = Set((board.hardware.chips["flash0"]?.erases ?? [:]).keys)
        #expect(erased.isSubset(of: [1, 2, 3, 5]))
        #expect(RedBootBackups.harm(to: board).isEmpty, "\(RedBootBackups.harm(to: board))")
    }

    /// In block 0, at its end, in block 1, and at the end of that: an image must not become commands.
    @Test(
        "A reset during a load: no byte of the image is typed at a prompt, or at what the boot script starts",
        arguments: [60, 133, 700, 133 + 1_029], [[], ["fis load linux", "exec"]])
    func resetsWhileLoading(_ count: Int, _ script: [String]) async throws {
        let scenario = Self.scenario { $0.script = script }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        let counter = SimulatedRedBoot(Self.damaged(scenario))
        _ = try await backups.restore(counter, bag)
        let command = try #require(counter.commands.firstIndex { $0.hasPrefix("load") }) + 1
        try backups.folder.removeAll(but: "bag")
        let board = SimulatedRedBoot(Self.damaged(scenario))
        board.schedule(.resetWhileLoading(afterInput: count), at: command)
        _ = try await backups.restore(board, bag, reconnects: 2)
        #expect(RedBootBackups.isSame(board, scenario))
        #expect(board.starts == 2 && board.offences.isEmpty, "\(board.offences)")
        #expect(board.commands.allSatisfy { command in command.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
    }

    @Test("A reset, or a hang, at any command ends in what the backup has")
    func cuts() async throws {
        let scenario = Self.scenario { $0.hardware.tears = true }
        let backups = try RedBootBackups()
        let bag = FilePath(try await backups.backUp(SimulatedRedBoot(scenario)).bag)
        var damaged = scenario
        damaged.hardware.chips["flash0"]?.bytes[0x2234] ^= 0x81
        damaged.hardware.chips["flash0"]?.bytes[0x7234] = 0x55
        let counter = SimulatedRedBoot(damaged)
        _ = try await backups.restore(counter, bag)
        for command in 1...counter.commands.count {
            for fault in [SimulatedRedBoot.Fault.reset(afterOutput: 3), .hang(afterOutput: 0)] {
                let board = SimulatedRedBoot(damaged)
                board.schedule(fault, at: command)
                try backups.folder.removeAll(but: "bag")
                let what: Comment = "\(fault) at command \(command), \(counter.commands[command - 1])"
                do {
                    _ = try await backups.restore(board, bag, reconnects: 2)
                } catch let error as FlashkeepError {
                    let codes: [FlashkeepError.Code] = [
                        .boardLost, .boardSilent, .writeFailed, .commandFailed, .replyNotUnderstood, .noReplyInTime,
                    ]
                    #expect(codes.contains(error.code), "\(what): \(error)")
                    board.powerOn()
                    _ = try await backups.restore(board, bag, reconnects: 2)
                }
                #expect(RedBootBackups.isSame(board, scenario), what)
                #expect(board.offences.isEmpty, "\(what): \(board.offences)")
            }
        }
        print("restore through RedBoot, reset and hung at each of \(counter.commands.count) commands")
    }
}
