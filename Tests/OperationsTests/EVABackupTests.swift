import BackupBags
import BoardAccess
import EVAFlash
import FlashAccess
import FlashModel
import Operations
import Synchronization
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing
import Transfers

/// Whole backups from the bootloader of an AVM box.
@Suite("Backups from EVA", .serialized)
struct EVABackupTests {
    private static func backup(
        _ eva: SimulatedEVA, in folder: ScratchFolder, _ name: String = "bag", reconnects: Int = 0
    ) async throws -> BackupReport {
        let options = BackupOptions(target: folder.path.appending(name), reconnects: reconnects)
        let report = try await Backup.run(eva.connector(), options: options, environment: .simulated())
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok && verified.summary == report.summary, "\(verified.problems)")
        #expect(eva.offences.isEmpty, "\(eva.offences)")
        return report
    }

    @Test("All partitions are saved, and proven by CHECK")
    func whole() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box())
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder)
        let problems = BagCheck.problems(report, SimulatedEVA.box())
        #expect(problems.isEmpty, "\(problems)")
        #expect(report.manifest.images.count == 4)
        #expect(
            report.manifest.images.allSatisfy { image in
                image.proof.against == .boardChecksum && image.proof.result == .proven
                    && image.proof.checksum?.algorithm == .crc32
            })
        #expect(report.summary.isProven && report.summary.isWhole, "\(report.summary.sentences)")
        #expect(report.manifest.capture.way == "the FTP server of EVA or ADAM2 (FTP)")
        #expect(eva.commands.count { $0.hasPrefix("RETR") } == 4)
        #expect(eva.commands.contains("CHECK mtd1") && !eva.commands.contains { $0.contains("wlan_key") })
        #expect(try Python.path == nil || Python.accepts(bag: report.bag))
    }

    /// Finds a box at the given attempt.
    private final class Finder: EVAFinding {
        private let attempts = Mutex(0)
        private let first: Int
        private let isInNetwork: Bool

        init(first: Int, isInNetwork: Bool = true) {
            self.first = first
            self.isInNetwork = isInNetwork
        }

        func find() async throws -> IPv4Address? {
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            return attempt >= first ? IPv4Address("127.0.0.1") : nil
        }

        func reaches(_ address: IPv4Address) throws -> Bool { isInNetwork }
    }

    @Test("Without an address, the box is looked for; in a foreign network it is named")
    func discovery() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box())
        defer { eva.stop() }
        let events = Mutex<[ProgressEvent]>([])
        let options = BackupOptions(target: folder.path.appending("found"), reconnects: 0)
        let report = try await Backup.run(
            eva.connector(finder: Finder(first: 3), notify: { event in events.withLock { $0.append(event) } }),
            options: options, environment: .simulated())
        #expect(report.summary.isWhole && eva.offences.isEmpty)
        let texts = events.withLock { $0.map { "\($0)" } }
        #expect(texts.count { $0.contains("sets nothing") } == 1 && texts.contains { $0.contains("at 127.0.0.1") })
        let foreign = await #expect(throws: FlashkeepError.self) {
            _ = try await Backup.run(
                eva.connector(finder: Finder(first: 1, isInNetwork: false)),
                options: BackupOptions(target: folder.path.appending("foreign"), reconnects: 0),
                environment: .simulated())
        }
        #expect(foreign?.code == .hostUnreachable && foreign?.next.contains("ip address add") == true)
        let never = await #expect(throws: FlashkeepError.self) {
            _ = try await Backup.run(
                eva.connector(finder: Finder(first: .max)) { $0.window = .milliseconds(100) },
                options: BackupOptions(target: folder.path.appending("never"), reconnects: 0),
                environment: .simulated())
        }
        #expect(never?.code == .boardSilent)
    }

    @Test("What a newer loader refuses is named, and the backup is not whole")
    func refused() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.sends = false }
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder)
        #expect(!report.summary.isWhole && !report.summary.isComplete && !report.summary.isProven)
        for image in report.manifest.images {
            #expect(image.blocks.map(\.state) == [.unread] && image.blocks.map(\.size) == [image.size])
            #expect(image.blocks.first?.detail?.contains("553 RETR failed.") == true)
            #expect(image.proof.result == .unproven)
        }
    }

    @Test("A checksum that is not that of the bytes proves nothing")
    func wrongChecksum() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.wrongSum = 0x8000_0001 }
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder)
        #expect(report.manifest.images.allSatisfy { $0.proof.result == .unstable && $0.proof.checksum == nil })
        #expect(!report.summary.isProven)
    }

    @Test("Without CHECK, everything is read twice")
    func secondRead() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.checks = false }
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder)
        #expect(report.manifest.images.allSatisfy { $0.proof.against == .secondRead && $0.proof.result == .proven })
    }

    @Test("What could be read of a partition is read twice, as CHECK is of all of it")
    func partial() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.cut = (at: 4096, times: 100) }
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder)
        let kernel = try #require(report.image(1))
        #expect(kernel.proof.against == .secondRead && kernel.blocks.map(\.range) == [4096..<13 * 4096])
        #expect(kernel.proof.notes.contains { $0.contains("whole partitions") })
        #expect(!report.summary.isComplete)
        // Each of the others has as many bytes as came.
        #expect(report.image(2)?.proof.result == .proven)
    }

    @Test("A board that was lost in the middle is awaited, and the backup resumes")
    func lost() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.dropAt = 3_000 }
        defer { eva.stop() }
        let report = try await Self.backup(eva, in: folder, reconnects: 3)
        let problems = BagCheck.problems(report, SimulatedEVA.box())
        #expect(problems.isEmpty, "\(problems)")
        #expect(report.summary.isWhole && report.manifest.capture.retries > 0)
    }

    @Test("What changed since is found by CHECK, and read")
    func diff() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box())
        defer { eva.stop() }
        let bag = FilePath(try await Self.backup(eva, in: folder).bag)
        let same = try await Diff.run(old: bag, board: eva.connector(), environment: .simulated())
        #expect(same.isSame && same.isWhole && same.bytesRead == 0)
        eva.flash { $0.chips["flash"]?.bytes[14 * 4096 + 9] ^= 0x40 }
        let other = try await Diff.run(old: bag, board: eva.connector(), environment: .simulated())
        #expect(!other.isSame && other.bytesRead == 4096)
        #expect(other.partitions.filter { !$0.runs.isEmpty }.map(\.index) == [3])
    }

    @Test("A restore is refused")
    func restore() async throws {
        let folder = try ScratchFolder()
        let eva = try SimulatedEVA(SimulatedEVA.box())
        defer { eva.stop() }
        let bag = FilePath(try await Self.backup(eva, in: folder).bag)
        eva.flash { $0.chips["flash"]?.bytes[2 * 4096] ^= 1 }
        let planning = try await Restore.plan(bag, on: eva.connector(), choice: RestoreChoice()).planning
        #expect(
            planning.plan == nil && planning.refusals.contains { $0.next.contains("over SSH") },
            "\(planning.refusals)")
    }
}
