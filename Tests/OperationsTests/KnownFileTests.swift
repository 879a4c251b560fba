import BackupBags
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

@Suite("Files whose bytes need not cross")
struct KnownFileTests {
    @Test func aFileIsItself() throws {
        let folder = try ScratchFolder()
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try folder.write(bytes, "firmware.bin")
        let files = try KnownFile.all(at: folder.path.appending("firmware.bin"))
        let file = try #require(files.first)
        #expect(files.count == 1)
        #expect(file.size == bytes.count)
        #expect(try file.read(offset: 0, count: 10_000) == bytes)
        #expect(try file.read(offset: 9_990, count: 100) == Array(bytes[9_990...]))
        #expect(try file.read(offset: 10_000, count: 1) == [])
        #expect(try file.read(offset: -1, count: 5) == [])
        #expect(try file.read(offset: 5, count: 0) == [])
    }

    @Test func anEmptyFileIsKnownAndHoldsNothing() throws {
        let folder = try ScratchFolder()
        try folder.write([] as [UInt8], "empty")
        let file = try #require(try KnownFile.all(at: folder.path.appending("empty")).first)
        #expect(file.size == 0)
        try ContentStore().add(file)
    }

    @Test func aBackupIsItsImages() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(SampleBoards.router())
        let report = try await SimulatedBackups.run(connector, in: folder)
        let files = try KnownFile.all(at: FilePath(report.bag))
        let images = report.manifest.images.filter { $0.representation == .data }
        #expect(files.map(\.size) == images.map(\.size))
        for (file, image) in zip(files, images) {
            let bytes = try file.read(offset: 0, count: file.size)
            #expect(StreamingChecksum.digest(of: bytes, .sha256).hex == image.sha256)
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        let folder = try ScratchFolder()
        for name in ["nothing", ""] {
            do {
                _ = try KnownFile.all(at: name.isEmpty ? folder.path : folder.path.appending(name))
                Issue.record("\(name) was opened")
            } catch let error as FlashkeepError {
                Words.expectClear(error)
            }
        }
    }
}
