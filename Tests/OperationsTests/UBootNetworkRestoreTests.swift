import BackupBags
import FlashAccess
import FlashModel
import Operations
import TestBoards
import TestSupport
import Testing
import UBootFlash

/// Restores through a simulated U-Boot whose bytes come over the network. An emulated board confirms its commands
/// (`UBootRestoreLabTests`).
@Suite("Restores through U-Boot over the network", .serialized)
struct UBootNetworkRestoreTests {
    private static func scenario(_ change: (inout UBootScenario) -> Void = { _ in }) -> UBootScenario {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 4, blockSize: 0x1000, seed: 3)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(), chips: [nor], devices: [nor.device(0, "nor0", 0..<4)])
        hardware.isWritable = true
        var scenario = UBootScenario(hardware)
        scenario.bases["nor0"] = 0xBF00_0000
        scenario.variables["ipaddr"] = "192.168.1.1"
        scenario.network = UBootScenario.Network()
        scenario.allow("flinfo", "erase", "protect", "loady", "tftpboot")
        change(&scenario)
        return scenario
    }

    private static func damaged(_ scenario: UBootScenario) -> UBootScenario {
        var scenario = scenario
        scenario.hardware.chips["nor0"]?.bytes[0x1234] ^= 0x81
        scenario.hardware.chips["nor0"]?.bytes[0x3000] ^= 0x81
        return scenario
    }

    /// Backs up a board, restores it, and checks the result.
    private func check(
        _ restores: UBootRestores, _ scenario: UBootScenario, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (board: SimulatedUBoot, report: RestoreReport) {
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        let report = try await restores.restore(board, bag)
        #expect(UBootRestores.isSame(board, scenario), "\(what)", sourceLocation: sourceLocation)
        #expect(report.blocksWritten == 2 && report.erases == 2, "\(what)", sourceLocation: sourceLocation)
        #expect(board.offences.isEmpty, "\(what): \(board.offences)", sourceLocation: sourceLocation)
        // Variables were set in RAM only.
        #expect(board.variables == scenario.variables, "\(what)", sourceLocation: sourceLocation)
        return (board, report)
    }

    @Test("One load for each block, and nothing over the line")
    func loads() async throws {
        let restores = try UBootRestores(isNetworked: true)
        let (board, report) = try await check(restores, Self.scenario(), "tftpboot")
        #expect(board.count(of: "tftpboot") == 2 && board.count(of: "loady") == 0 && board.count(of: "mw") == 0)
        #expect(report.plan.parts.map(\.method.name) == ["erase and cp.b, bytes by tftpboot"])
        #expect(report.plan.parts.first?.method.name.hasSuffix("bytes by tftpboot") == true)
        #expect(restores.notes.filter { $0.contains("serial line") }.isEmpty, "\(restores.notes)")
    }

    @Test("A board that calls it tftp, which with HiSilicon uploads where a size is given")
    func vendor() async throws {
        let (board, _) = try await check(
            try UBootRestores(isNetworked: true),
            Self.scenario {
                $0.forbid("tftpboot", "loady")
                $0.allow("tftp")
            }, "tftp")
        #expect(board.commands.contains { $0.hasPrefix("tftp 8") && $0.split(separator: " ").count == 3 })
        #expect(board.count(of: "mw") == 0)
    }

    @Test("A tftp that may do anything with what it fetches is not used")
    func strange() async throws {
        let (board, _) = try await check(
            try UBootRestores(isNetworked: true),
            Self.scenario {
                $0.forbid("tftpboot")
                $0.allow("tftp")
                $0.tftpHelp = "upgrade firmware via network"
            }, "a strange tftp")
        #expect(board.count(of: "tftp") == 0 && board.count(of: "loady") == 2)
    }

    @Test("The line alone, where that is wanted")
    func line() async throws {
        let (board, _) = try await check(try UBootRestores(isNetworked: true, via: .line), Self.scenario(), "line")
        #expect(board.count(of: "tftpboot") == 0 && board.count(of: "loady") == 2 && board.count(of: "setenv") == 0)
    }

    @Test("Where nobody answers, the line is used, after one note and one try, through all connections")
    func unreachable() async throws {
        let changes: [(String, (inout UBootScenario) -> Void)] = [
            ("got no answer", { $0.network?.answersTFTP = false }),
            ("ARP", { $0.network?.isConnected = false }),
            ("refused", { $0.network?.repeatedLoadFault = (.refused, 1) }),
            ("another network", { $0.variables["ipaddr"] = "10.1.2.3" }),
        ]
        for (name, change) in changes {
            for missing in ["", "loady"] {
                let restores = try UBootRestores(isNetworked: true)
                let scenario = Self.scenario {
                    change(&$0)
                    $0.forbid(missing)
                }
                let (board, _) = try await check(restores, scenario, name)
                #expect(board.count(of: "tftpboot") == (name == "another network" ? 0 : 1), "\(name)")
                #expect(board.count(of: "loady") == (missing.isEmpty ? 2 : 0), "\(name)")
                let notes = restores.notes.filter { $0.contains("over the serial line: tftpboot: ") }
                #expect(notes.count == 1, "\(restores.notes)")
            }
        }
    }

    @Test("A port that is taken leaves the line")
    func port() async throws {
        let restores = try UBootRestores(isNetworked: true, portIsTaken: true)
        let (board, _) = try await check(restores, Self.scenario(), "port")
        #expect(board.count(of: "tftpboot") == 0 && board.count(of: "loady") == 2)
    }

    @Test("Bytes that were damaged, cut or stopped on their way are sent again")
    func damagedOnce() async throws {
        let faults: [UBootScenario.TransferFault] = [.flips(at: 0x321), .short(by: 1), .stalls(after: 100), .refused]
        for fault in faults {
            let scenario = Self.scenario { $0.network?.loadFaults = [2: fault] }
            let restores = try UBootRestores(isNetworked: true)
            let (board, _) = try await check(restores, scenario, "\(fault)")
            #expect(board.count(of: "tftpboot") == 3 && board.count(of: "loady") == 0, "\(fault)")
        }
    }

    @Test("Bytes that are damaged each time come over the line, and nothing was erased before they were there")
    func damagedAlways() async throws {
        let restores = try UBootRestores(isNetworked: true)
        let scenario = Self.scenario { $0.network?.repeatedLoadFault = (.flips(at: 7), 1) }
        let (board, _) = try await check(restores, scenario, "always")
        #expect(board.count(of: "tftpboot") == 3 && board.count(of: "loady") == 2)
        let erase = try #require(board.commands.firstIndex { $0.hasPrefix("erase") })
        let loady = try #require(board.commands.firstIndex { $0.hasPrefix("loady") })
        #expect(loady < erase)
    }

    @Test("Where no way is left, nothing was erased")
    func noWayLeft() async throws {
        let restores = try UBootRestores(isNetworked: true)
        let scenario = Self.scenario {
            $0.forbid("loady", "mw")
            $0.network?.repeatedLoadFault = (.flips(at: 7), 1)
        }
        let bag = try await restores.backUp(scenario)
        let board = SimulatedUBoot(Self.damaged(scenario))
        await #expect(throws: FlashkeepError.self) { try await restores.restore(board, bag) }
        #expect(UBootRestores.isSame(board, Self.damaged(scenario)))
        #expect(board.count(of: "erase") == 0)
    }

    @Test("What is loaded is not started, whatever the board's variables say", arguments: ["autostart", "autoscript"])
    func autostart(_ name: String) async throws {
        for missing in ["", "tftpboot"] {
            let scenario = Self.scenario {
                $0.variables[name] = "yes"
                $0.forbid(missing)
            }
            let (board, _) = try await check(try UBootRestores(isNetworked: true), scenario, name)
            #expect(board.commands.contains("setenv \(name) no"))
        }
    }

    @Test("Output over the network is brought back to the line before bytes go there")
    func netconsole() async throws {
        let scenario = Self.scenario {
            $0.allow("coninfo", "ping")
            $0.network?.answersTFTP = false
        }
        let (board, _) = try await check(try UBootRestores(isNetworked: true), scenario, "netconsole")
        #expect(board.count(of: "loady") == 2)
        #expect(board.commands.contains("setenv stdout nc") && !board.printsToNetwork)
    }

    @Test("A reset at any command of it ends in what the backup has")
    func resets() async throws {
        let scenario = Self.scenario {
            $0.allow("tftpput")
            $0.hardware.tears = true
        }
        let restores = try UBootRestores(isNetworked: true)
        let cuts = try await restores.resetAtEachCommand(scenario, damaged: Self.damaged(scenario))
        print("restore through U-Boot over the network, reset at each of \(cuts) commands")
    }
}
