import Foundation
import LinuxFlash
import Testing

/// Real outputs, stored as files.
enum Fixture {
    /// The bytes of a file below `Fixtures/Survey`.
    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: survey().appending(path: name)))
    }

    /// A file as the reply to a probe.
    static func reply(_ name: String, exitStatus: Int = 0) throws -> LinuxProbeReply {
        LinuxProbeReply(output: try bytes(name), exitStatus: exitStatus)
    }

    /// The replies of a whole board, one file per probe, below `Fixtures/Survey/<name>`.
    static func board(_ name: String) throws -> [String: LinuxProbeReply] {
        let folder = try survey().appending(path: name)
        var result: [String: LinuxProbeReply] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            result[file] = LinuxProbeReply(output: Array(try Data(contentsOf: folder.appending(path: file))))
        }
        return result
    }

    /// All files by name, including those of whole boards.
    static func all() throws -> [String: [UInt8]] {
        let folder = try survey()
        var result: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where name.hasSuffix(".txt") {
            result[name] = Array(try Data(contentsOf: folder.appending(path: name)))
        }
        return result
    }

    private static func survey() throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "Survey")
    }
}
