import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// A board whose U-Boot commands are missing, different or lie. The criteria are those of ``WriteToolMatrixTests``.
@Suite("Restores through a U-Boot whose commands are missing, different or lie", .serialized)
struct UBootWriteMatrixTests {
    enum Method: String, CaseIterable, Sendable {
        case parallel, serial, nand, mtd

        /// The chip that its commands erase and write.
        var chip: String {
            switch self {
            case .parallel: "nor0"
            case .serial: "spi0"
            case .nand, .mtd: "nand0"
            }
        }

        var commands: [String] {
            switch self {
            case .parallel: ["erase", "cp", "protect"]
            case .serial: ["sf"]
            case .nand: ["nand"]
            case .mtd: ["mtd"]
            }
        }

        /// The beginnings of commands that erase, and that write.
        var erase: String {
            switch self {
            case .parallel: "erase "
            case .serial: "sf erase "
            case .nand: "nand erase "
            case .mtd: "mtd erase "
            }
        }

        var write: String {
            switch self {
            case .parallel: "cp.b "
            case .serial: "sf write "
            case .nand: "nand write "
            case .mtd: "mtd write "
            }
        }
    }

    private static let size = 0x800

    private static func scenario(_ method: Method) -> UBootScenario {
        let flash =
            switch method {
            case .parallel: SimulatedHardware.Flash("nor0", kind: .nor, blocks: 3, blockSize: size, seed: 3)
            case .serial: SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 3, blockSize: size, seed: 4)
            case .nand, .mtd:
                SimulatedHardware.Flash(
                    "nand0", kind: .nand, blocks: 3, blockSize: size, pageSize: 0x200, oobSize: 16, badBlocks: [],
                    seed: 5)
            }
        var hardware = SimulatedHardware(
            identity: BoardIdentity(), chips: [flash], devices: [flash.device(0, flash.chip.id, 0..<3)])
        hardware.isWritable = true
        var scenario = UBootScenario(hardware)
        if method == .parallel {
            scenario.bases["nor0"] = 0xBF00_0000
            scenario.allow("flinfo")
        }
        scenario.allow("loady")
        scenario.commands.formUnion(method.commands)
        return scenario
    }

    /// The same board with the first two blocks changed; the first block of parallel flash is protected.
    private static func damaged(_ scenario: UBootScenario, _ method: Method) -> UBootScenario {
        var scenario = scenario
        for block in [0, 1] { scenario.hardware.chips[method.chip]?.bytes[block * size + 0x21] ^= 0x81 }
        return scenario
    }

    // MARK: Faults

    struct Fault: Sendable {
        var name: String
        /// A word that a refusal must contain to give the reason.
        var command: String
        var isOfFlashOnly: Bool
        var blamesFlash: Bool
        var change: @Sendable (inout UBootScenario) -> Void

        init(
            _ name: String, _ command: String, onFlash: Bool = false, blames: Bool = false,
            _ change: @escaping @Sendable (inout UBootScenario) -> Void
        ) {
            self.name = name
            self.command = command
            isOfFlashOnly = onFlash
            blamesFlash = blames
            self.change = change
        }
    }

    private static func faults(_ method: Method) -> [Fault] {
        var faults = method.commands.flatMap { helpFaults($0) }
        for (load, commands) in [
            ("no loady and no mw", ["loady", "mw"]), ("no crc32", ["crc32"]), ("no loady", ["loady"]),
        ] {
            faults.append(Fault(load, commands[0]) { for command in commands { $0.forbid(command) } })
        }
        if method == .parallel { faults += parallelFaults }
        return faults + lineFaults(method)
    }

    /// The command is missing, or its help is not what it should be.
    private static func helpFaults(_ command: String) -> [Fault] {
        var faults = [Fault("no \(command)", command) { $0.forbid(command) }]
        let usage = UBootUsages.text(command)
        for line in usage.split(separator: "\n").map(String.init)
        where line.hasPrefix("\(command) ") && !line.contains("- ") {
            faults.append(
                Fault("\(command) without the form \"\(line)\"", command) {
                    $0.usages[command] = usage.replacing(line + "\n", with: "")
                })
        }
        for (name, text) in [
            ("another summary", "\(command) - paint the board\n\n"),
            ("another usage", "\(command) - paint the board\n\nUsage:\n\(command) colour\n"),
            ("no usage", "\(command) - paint the board\n\nUsage:\n\(command) - No additional help available.\n"),
            ("nothing", ""), ("an unknown word", "Unknown command '\(command)' - try 'help'\n"),
            ("its words turned round", "\(command) - x\n\nUsage:\n\(command) write len offset\n"),
        ] {
            faults.append(Fault("help \(command) has \(name)", command) { $0.usages[command] = text })
        }
        let summary = usage.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        faults.append(
            Fault("help \(command) has its summary alone", command) { $0.usages[command] = summary + "\n\n" })
        return faults
    }

    /// `cp` does not copy, or `protect` does not open a sector.
    private static var parallelFaults: [Fault] {
        var faults: [Fault] = []
        for (name, kind) in [
            ("nothing", UBootWriteFault.Kind.nothing), ("a half", .half), ("nothing but its usage", .usage),
            ("nothing, and says so", .fails("Outside available Flash")),
        ] {
            faults.append(Fault("cp.b copies \(name)", "cp") { $0.writeFaults["cp.b "] = UBootWriteFault(kind) })
        }
        for kind in [UBootWriteFault.Kind.nothing, .usage, .fails("Error: start and/or end address not on sector")] {
            faults.append(
                Fault("protect: \(kind)", "protect", onFlash: true) {
                    $0.writeFaults["protect off "] = UBootWriteFault(kind)
                })
        }
        return faults
    }

    /// What erases or writes does not, on flash.
    private static func lineFaults(_ method: Method) -> [Fault] {
        let failure =
            switch method {
            case .parallel: "Timeout writing to Flash"
            case .serial: "SF: 4096 bytes @ 0x0 Written: ERROR -5"
            case .nand: "NAND write to offset 0 failed -5\n 0 bytes written: ERROR"
            case .mtd: "Failure while writing at offset 0x0\nWrite on nand0 failed with error -5"
            }
        // For NAND, the messages that report a failure are known; for NOR, no message counts.
        let blames = method == .nand || method == .mtd
        var faults: [Fault] = []
        for (line, what) in [(method.erase, "erase"), (method.write, "write")] {
            for (name, kind) in [
                ("does nothing", UBootWriteFault.Kind.nothing), ("does a half", .half), ("prints its usage", .usage),
                ("is not known", .fails("Unknown command '\(what)' - try 'help'")), ("fails", .fails(failure)),
                ("works, and complains", .complains("Warning: ERROR")),
                ("works, and is talkative", .complains("Have a nice day")), ("says nothing", .fails("")),
            ] {
                // If an erase reports a failure of NAND, nothing is written, as the block may be bad.
                let isFailure =
                    switch kind {
                    case .fails(let text): text == failure
                    case .complains(let text): text.contains("ERROR") && what == "erase"
                    default: false
                    }
                faults.append(
                    Fault("\(what) \(name), on flash", line, onFlash: true, blames: blames && isFailure) {
                        $0.writeFaults[line] = UBootWriteFault(kind, isOnFlashOnly: true)
                    })
            }
        }
        return faults
    }

    // MARK: Cells

    private enum End {
        case restored
        case refused(String)
        case failed(FlashkeepError)
    }

    private static func restore(_ restores: UBootRestores, _ board: SimulatedUBoot, _ bag: FilePath) async throws -> End
    {
        do {
            let prepared = try await restores.plan(board, bag)
            guard prepared.planning.plan != nil else {
                return .refused(prepared.planning.refusals.map { "\($0.subject): \($0.why); \($0.next)" }.joined())
            }
            _ = try await Restore.run(
                prepared, on: restores.connector(board), before: restores.folder.path.appending("before"),
                reconnects: 0,
                environment: .simulated())
            return .restored
        } catch let error as FlashkeepError {
            return .failed(error)
        }
    }

    private static func judge(
        _ end: End, _ fault: Fault, _ method: Method, now: [UInt8], before: [UInt8], wanted: [UInt8], erases: Int
    ) -> String? {
        let changed = stride(from: 0, to: now.count, by: size).filter { now[$0..<$0 + size] != before[$0..<$0 + size] }
        switch end {
        case .restored: return now == wanted ? nil : "it claims to be done, and the flash differs"
        case .refused(let words):
            guard changed.isEmpty, erases == 0 else { return "it was refused after \(changed) changed" }
            return words.contains(fault.command) && words.contains("initramfs")
                ? nil : "the refusal does not say why: \(words)"
        case .failed(let error):
            let words = error.description
            if changed.isEmpty, erases == 0 {
                return words.contains(fault.command) || words.contains("U-Boot")
                    ? nil : "the error does not say why: \(words)"
            }
            guard fault.isOfFlashOnly else { return "\(changed) changed: \(error)" }
            guard changed.count <= 1 else { return "more than one erase block changed: \(changed): \(error)" }
            guard words.contains("is blank now") || words.contains("is not blank") else {
                return "the error does not say what the block is now: \(error)"
            }
            guard words.contains("printed") || words.contains("reported success") else {
                return "the error does not say what was printed: \(error)"
            }
            return words.contains("may be failing") == fault.blamesFlash
                ? nil : "the error blames the wrong one: \(error)"
        }
    }

    @Test("Nothing is erased unless what writes was shown to be what is meant", arguments: Method.allCases)
    func matrix(_ method: Method) async throws {
        let scenario = Self.scenario(method)
        let restores = try UBootRestores()
        let bag = try await restores.backUp(scenario)
        let wanted = try #require(scenario.hardware.chips[method.chip]?.bytes)
        var ends: [String: Int] = [:]
        let faults = [Fault("nothing is wrong", "") { _ in }] + Self.faults(method)
        for fault in faults {
            var poor = Self.damaged(scenario, method)
            fault.change(&poor)
            try restores.folder.removeAll(but: "bag")
            let board = SimulatedUBoot(poor)
            let end = try await Self.restore(restores, board, bag)
            let flash = try #require(board.hardware.chips[method.chip])
            let wrong = Self.judge(
                end, fault, method, now: flash.bytes, before: poor.hardware.chips[method.chip]?.bytes ?? [],
                wanted: wanted, erases: flash.erases.values.reduce(0, +))
            #expect(wrong == nil, "\(method), \(fault.name): \(wrong ?? "")")
            switch end {
            case .restored: ends["restored", default: 0] += 1
            case .refused: ends["refused", default: 0] += 1
            case .failed: ends["stopped", default: 0] += 1
            }
            guard fault.name == "nothing is wrong" else { continue }
            if case .restored = end { continue }
            Issue.record("\(method): \(end)")
        }
        print("U-Boot's write commands, \(method): \(faults.count) cells, \(ends.sorted { $0.key < $1.key })")
    }
}
