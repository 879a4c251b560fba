import FoundationEssentials
package import SystemPackage

/// A temporary folder for a test, removed at the end.
package final class ScratchFolder: Sendable {
    package let path: FilePath

    /// - Parameter name: part of the folder's name; may contain any character of a path.
    package init(_ name: String = "test") throws {
        // In memory if possible: these tests sync files many thousand times.
        let memory = "/dev/shm"
        let base =
            FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        path = FilePath(base).appending("fk-\(name)-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    /// Writes a file, creating its parent folders.
    package func write(_ bytes: [UInt8], _ name: String) throws {
        let full = path.appending(name)
        try FileManager.default.createDirectory(
            atPath: full.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: full.string))
    }

    package func write(_ text: String, _ name: String) throws {
        try write(Array(text.utf8), name)
    }

    package func link(_ name: String, to target: String) throws {
        let full = path.appending(name)
        try FileManager.default.createDirectory(
            atPath: full.removingLastComponent().string, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: full.string, withDestinationPath: target)
    }

    package func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path.appending(name).string)
    }

    /// Removes an entry with all its contents.
    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path.appending(name).string)
    }

    /// Removes everything except one entry.
    package func removeAll(but name: String) throws {
        for other in try FileManager.default.contentsOfDirectory(atPath: path.string) where other != name {
            try FileManager.default.removeItem(atPath: path.appending(other).string)
        }
    }

    /// Reads a whole file; empty if there is none.
    package static func read(_ path: FilePath) -> [UInt8] {
        Array(FileManager.default.contents(atPath: path.string) ?? Data())
    }

    /// All files below a folder, with their bytes, to verify that nothing was written.
    package func snapshot(_ name: String) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let root = path.appending(name)
        for sub in (try? FileManager.default.subpathsOfDirectory(atPath: root.string)) ?? [] {
            files[sub] = Self.read(root.appending(sub))
        }
        return files
    }
}
