import FoundationEssentials
import SystemPackage

/// A temporary folder for a test, removed at the end.
final class Scratch {
    let path: FilePath

    init() throws {
        // In memory if possible: these tests sync files many thousand times.
        let memory = "/dev/shm"
        let base =
            FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        path = FilePath(base).appending("fk-test-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    func read(_ path: FilePath) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path.string) else { throw Errno.noSuchFileOrDirectory }
        return Array(data)
    }

    func write(_ bytes: [UInt8], _ path: FilePath) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path.string))
    }

    func exists(_ path: FilePath) -> Bool { FileManager.default.fileExists(atPath: path.string) }
}

extension Scratch {
    func makeFolder(_ path: FilePath) throws {
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    func remove(_ path: FilePath) throws {
        try FileManager.default.removeItem(atPath: path.string)
    }

    func link(_ path: FilePath, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
    }

    func move(_ path: FilePath, to other: FilePath) throws {
        try FileManager.default.moveItem(atPath: path.string, toPath: other.string)
    }

    /// Flips one bit of a file.
    func flip(_ path: FilePath, at offset: Int) throws {
        var bytes = try read(path)
        bytes[offset] ^= 0x10
        try write(bytes, path)
    }
}
