import FlashAccess
import FlashModel
import LoaderConsoles
import Synchronization
import TestBoards
import Testing

/// What is remembered over the connections to a board.
@Suite("Transfers of bootloaders")
struct LoaderTransfersTests {
    private func settings(
        via: LoaderReadMethod? = nil, notify: @escaping @Sendable (String) -> Void = { _ in }
    ) -> LoaderNetworkSettings {
        let flash = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 1, blockSize: 0x1000, seed: 1)
        let board = SimulatedLoader(
            BareboxScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: [])))
        let host = SimulatedLoaderHost(SimulatedLoaderNetwork(), board)
        return LoaderNetworkSettings(
            BoardNetworkSettings(server: host, nonce: { "abcdefgh" }), via: via, notify: notify)
    }

    private func reset(_ transfers: LoaderTransfers) async throws {
        _ = try await transfers.uploading { () async throws -> Int in throw BoardInterruption(why: "U-Boot 1.0") }
    }

    @Test("Restarts of the board count over all connections")
    func resets() async throws {
        let notes = Mutex<[String]>([])
        let settings = settings { note in notes.withLock { $0.append(note) } }
        for number in 1...2 {
            let transfers = LoaderTransfers(settings)
            await #expect(throws: BoardInterruption.self) { try await reset(transfers) }
            #expect(transfers.mayUseNetwork == (number == 1))
            if number == 2 { #expect(try await transfers.uploading { 5 } == nil) }
        }
        #expect(notes.withLock { $0.count { $0.contains("was reset during transfers") } } == 1)
        #expect(try await LoaderTransfers(settings).uploading { 5 } == nil)
        #expect(try await LoaderTransfers(self.settings()).uploading { 5 } == 5)
    }

    @Test("A note is given once")
    func notes() {
        let notes = Mutex<[String]>([])
        let settings = settings { note in notes.withLock { $0.append(note) } }
        for _ in 0..<2 { for text in ["a", "b"] { LoaderTransfers(settings).note(text) } }
        #expect(notes.withLock { $0 } == ["a", "b"])
    }

    @Test("What may be printed")
    func printing() {
        #expect(LoaderTransfers(nil).mayPrint && !LoaderTransfers(nil).mayUseNetwork)
        #expect(LoaderTransfers(settings()).mayPrint && !LoaderTransfers(settings(via: .tftp)).mayPrint)
    }
}
