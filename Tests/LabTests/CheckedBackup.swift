import FlashAccess
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestSupport
import Testing

/// A backup of a lab board, in which neither the reference tools nor ours may find a fault.
enum CheckedBackup {
    /// Backs up a board.
    ///
    /// - Parameter watch: receives all events.
    static func run(
        _ connector: any BoardConnector, options: BackupOptions, watch: @escaping ProgressHandler,
        sourceLocation: SourceLocation
    ) async throws -> BackupReport {
        let report = try await Backup.run(
            connector, options: options, environment: .testing,
            progress: { event in
                if ProcessInfo.processInfo.environment["FLASHKEEP_LAB_VERBOSE"] != nil { print(event) }
                watch(event)
            })
        #expect(try await Verify.run(bag: FilePath(report.bag)).ok, sourceLocation: sourceLocation)
        if Python.path != nil {
            #expect(try Python.accepts(bag: report.bag), sourceLocation: sourceLocation)
        }
        return report
    }
}

extension OperationEnvironment {
    /// With a real clock and random numbers, but a fixed date.
    static let testing = OperationEnvironment(
        timestamp: { "2026-11-21T03:07:20Z" },
        stopwatch: {
            let start = ContinuousClock.now
            return { ContinuousClock.now - start }
        },
        nonce: { String((0..<16).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement() ?? "x" }) },
        sleep: { try await Task.sleep(for: $0) }, toolVersion: "test")
}
