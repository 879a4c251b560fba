import BackupBags
import BoardAccess
import FlashModel
import Operations
import TestBoards
import TestSupport
import Testing

/// The addresses of boards and computers in backups over the network of a bootloader.
@Suite("Addresses for bootloaders", .serialized)
struct LoaderAddressTests {
    /// Backs a board up, which must work in any case.
    private func backUp(
        _ kind: LoaderBackups.Board, _ network: SimulatedLoaderNetwork, at addresses: [String]
    ) async throws -> (notes: [String], commands: [String], usesNetwork: Bool) {
        let backups = try LoaderBackups(given: kind.given, network: network)
        let board = kind.simulated()
        let report = try await backups.backUp(board, addresses: addresses)
        try await backups.check(report, board, kind, "\(kind.name)")
        return (backups.notes, board.commands, report.manifest.capture.way.contains("over the network"))
    }

    @Test("A board keeps its address, and the network that has its server is used")
    func own() async throws {
        let network = SimulatedLoaderNetwork()
        let barebox = LoaderBackups.Board.barebox {
            $0.network = network
            $0.ownParameters = ["ipaddr": "10.0.0.5", "netmask": "255.255.255.0", "serverip": "10.0.0.9"]
        }
        let first = try await backUp(barebox, network, at: ["192.168.1.2", "10.0.0.8", "10.0.0.9"])
        #expect(first.usesNetwork && first.notes.isEmpty, "\(first.notes)")
        #expect(first.commands.contains("eth0.ipaddr=10.0.0.5") && first.commands.contains("eth0.serverip=10.0.0.9"))
        let other = SimulatedLoaderNetwork()
        let cfe = LoaderBackups.Board.cfe(.bcm47xxMapped) {
            $0.network = other
            $0.ownAddress = "10.0.0.1"
        }
        let second = try await backUp(cfe, other, at: ["192.168.1.2", "10.0.0.9"])
        #expect(second.usesNetwork && second.notes.isEmpty, "\(second.notes)")
        #expect(second.commands.contains { $0.hasPrefix("save 10.0.0.9:fk") })
        #expect(!second.commands.contains { $0.hasPrefix("ifconfig eth0") })
    }

    @Test("An address that nobody has named is told, once, before the board gets it")
    func chosen() async throws {
        let kinds: [(SimulatedLoaderNetwork) -> LoaderBackups.Board] = [
            { network in .barebox { $0.network = network } },
            { network in .cfe(.bcm47xxMapped) { $0.network = network } },
            // 192.168.1.6 is out of reach.
            { _ in .realtek("elsewhere") },
        ]
        for kind in kinds {
            let network = SimulatedLoaderNetwork()
            let result = try await backUp(kind(network), network, at: ["10.0.0.2"])
            #expect(result.usesNetwork && result.notes.count == 1, "\(result.notes)")
            let note = try #require(result.notes.first)
            #expect(note.contains("10.0.0.242") && note.contains("10.0.0.2;") && note.contains("--board-ip"), "\(note)")
            #expect(result.commands.contains { $0.contains("10.0.0.242") })
        }
        let network = SimulatedLoaderNetwork()
        let usual = try await backUp(.realtek("usual"), network, at: ["192.168.1.2"])
        #expect(usual.usesNetwork && usual.notes.isEmpty, "\(usual.notes)")
    }

    @Test("Several networks, or none that reaches the board: nothing is set, and flash is printed")
    func unclear() async throws {
        let cases: [(own: [String: String], addresses: [String], words: String)] = [
            ([:], ["192.168.1.2", "10.0.0.9"], "It is not clear which network"),
            (["ipaddr": "172.16.0.1"], ["192.168.1.2", "10.0.0.9"], "not in the network of the board, 172.16.0.1"),
            ([:], [], "It is not clear which network"),
        ]
        for (own, addresses, words) in cases {
            let network = SimulatedLoaderNetwork()
            let kind = LoaderBackups.Board.barebox {
                $0.network = network
                $0.ownParameters = own
            }
            let result = try await backUp(kind, network, at: addresses)
            #expect(!result.usesNetwork && network.transfers == 0)
            #expect(result.notes.count == 1 && result.notes.first?.contains(words) == true, "\(result.notes)")
            #expect(!result.commands.contains { $0.hasPrefix("eth0.") })
        }
    }

    @Test(
        "A barebox that keeps another address, netmask or server sends nothing",
        arguments: ["ipaddr", "netmask", "serverip"])
    func fixed(_ parameter: String) async throws {
        let network = SimulatedLoaderNetwork()
        let kind = LoaderBackups.Board.barebox {
            $0.network = network
            $0.fixedParameters = [parameter]
        }
        let result = try await backUp(kind, network, at: ["192.168.1.2"])
        #expect(!result.usesNetwork && network.transfers == 0)
        #expect(result.notes.contains { $0.contains("did not take the address") }, "\(result.notes)")
        #expect(!result.commands.contains { $0.hasPrefix("tftp") || $0.hasPrefix("memcpy") })
    }
}
