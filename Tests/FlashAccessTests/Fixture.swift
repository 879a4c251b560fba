import FlashAccess
import Foundation
import Testing

/// Real outputs, kept as files.
enum Fixture {
    /// The bytes of a file below `Fixtures/Survey`.
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        return Array(try Data(contentsOf: folder.appending(path: "Survey/\(name)")))
    }

    /// The file as the reply to a probe.
    static func reply(_ name: String, exitStatus: Int = 0) throws -> LinuxProbeReply {
        LinuxProbeReply(output: try bytes(name), exitStatus: exitStatus)
    }

    /// All files, by name.
    static func all() throws -> [String: [UInt8]] {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let survey = folder.appending(path: "Survey")
        var result: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: survey.path).sorted() {
            result[name] = Array(try Data(contentsOf: survey.appending(path: name)))
        }
        return result
    }
}
