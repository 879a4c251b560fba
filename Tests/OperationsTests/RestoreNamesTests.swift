import FlashModel
import Operations
import Synchronization
import TestBoards
import Testing

@Suite("Names given to a restore")
struct RestoreNamesTests {
    @Test("One that the backup does not have is refused before the backup is verified and the board is contacted")
    func unknown() async throws {
        let kept = try await RestoreTests.Kept(RestoreTests.router())
        let connector = SimulatedConnector(RestoreTests.router())
        var choices = [RestoreChoice(only: ["rootfs", "nope"]), RestoreChoice(only: [" , "])]
        choices.append(RestoreChoice(streams: ["nope"]))
        for choice in choices {
            let started = StartedSteps()
            let error = await #expect(throws: FlashkeepError.self) {
                try await Restore.plan(kept.bag, on: connector, choice: choice) { started.note($0) }
            }
            #expect(error?.code == .usage, "\(choice)")
            #expect(error?.what.hasPrefix(choice.only.isEmpty ? "--skip-bad" : "--only") == true)
            #expect(started.count == 0)
        }
        #expect(connector.connections == 0)
    }

    @Test("One list with commas, in labels and names, is several words")
    func list() async throws {
        let kept = try await RestoreTests.Kept(RestoreTests.router())
        let connector = SimulatedConnector(RestoreTests.router())
        _ = try await Restore.plan(kept.bag, on: connector, choice: RestoreChoice(only: ["mtd3, firmware"]))
        #expect(connector.connections == 1)
    }
}

/// Counts the steps that an operation began.
private final class StartedSteps: Sendable {
    private let steps = Mutex(0)

    var count: Int { steps.withLock { $0 } }

    func note(_ event: ProgressEvent) {
        if case .began = event { steps.withLock { $0 += 1 } }
    }
}
