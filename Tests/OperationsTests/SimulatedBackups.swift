import BackupBags
import FlashModel
import LocalFiles
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Backs up simulated boards, for tests of the backup operation.
enum SimulatedBackups {
    static func run(
        _ connector: SimulatedConnector, in folder: ScratchFolder, _ change: (inout BackupOptions) -> Void = { _ in },
        disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        var options = BackupOptions(target: folder.path.appending("bag"), folder: folder.path)
        change(&options)
        return try await Backup.run(
            connector, options: options, environment: .simulated(), disk: disk, progress: progress)
    }

    /// Backs up a board and checks what must hold for every backup.
    static func checked(
        _ hardware: SimulatedHardware, _ change: (inout BackupOptions) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(hardware)
        let report = try await run(connector, in: folder, change)
        let problems = BagCheck.problems(report, connector.hardware)
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok, "\(verified.problems)", sourceLocation: sourceLocation)
        #expect(verified.summary == report.summary, sourceLocation: sourceLocation)
        return report
    }
}

extension BackupReport {
    /// The image that contains a partition.
    func image(_ index: Int) -> ImageRecord? {
        manifest.partitions.first { $0.index == index }?.view.flatMap { manifest.image($0.image) }
    }
}

/// The events of an operation.
final class Told: Sendable {
    private let events = Mutex<[ProgressEvent]>([])

    var handler: ProgressHandler {
        { event in self.events.withLock { $0.append(event) } }
    }

    var all: [ProgressEvent] { events.withLock { $0 } }

    var warnings: [String] {
        all.compactMap { event in
            guard case .warning(let text) = event else { return nil }
            return text
        }
    }
}
