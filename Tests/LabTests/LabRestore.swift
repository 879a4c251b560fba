import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import Operations
import SystemPackage
import Testing

/// A restore of a lab board that must have a plan.
enum LabRestore {
    /// - Parameter state: the board's folder, where the backup of what is overwritten goes.
    static func run(
        _ bag: String, on connector: any BoardConnector, state: URL,
        choice: RestoreChoice = RestoreChoice(allowed: [.bootloader]), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> RestoreReport {
        let prepared = try await Restore.plan(FilePath(bag), on: connector, choice: choice)
        _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        return try await Restore.run(
            prepared, on: connector,
            before: FilePath(state.appending(path: "before-\(UUID().uuidString)").path), reconnects: 0,
            environment: .testing, progress: progress)
    }
}
