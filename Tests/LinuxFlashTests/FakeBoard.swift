import Foundation
import LinuxFlash
import Testing

/// A folder that resembles a board's root, for the probe commands.
struct FakeBoard {
    /// An MTD device in sysfs.
    struct Device {
        var index: Int
        var name: String
        var size: Int
        var eraseSize: Int
        var type: String
        /// The offset in bytes from the parent's start; nil for a whole chip.
        var offset: Int?
        /// The folder below `/sys/devices/`, without the device's own name.
        var folder: String
        var writeSize = 1
        var oobSize = 0
        var flags = "0xc00"
        var badBlocks: Int? = 0
        var tableBlocks: Int? = 0
        /// The node below `/sys/firmware/devicetree/base/`.
        var deviceTreeNode: String?
    }

    let root: String

    /// Creates a folder that ``remove()`` deletes.
    init(name: String = "board") throws {
        // The path has a quote and a blank, so the commands must quote the root.
        root = NSTemporaryDirectory() + "flashkeep it's \(name)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Writes a text file, with its parent folders.
    func write(_ path: String, _ text: String) throws {
        try write(path, Array(text.utf8))
    }

    /// Writes a binary file, with its parent folders.
    func write(_ path: String, _ bytes: [UInt8]) throws {
        let full = root + path
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: full))
    }

    func link(_ path: String, to target: String) throws {
        let full = root + path
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: full, withDestinationPath: target)
    }

    /// Creates `/proc/mtd` and `/sys/class/mtd` as the kernel does.
    func add(_ devices: [Device]) throws {
        var table = "dev:    size   erasesize  name\n"
        for device in devices.sorted(by: { $0.index < $1.index }) {
            let hex = { (value: Int) in
                let digits = String(value, radix: 16)
                return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            }
            table += "mtd\(device.index): \(hex(device.size)) \(hex(device.eraseSize)) \"\(device.name)\"\n"
            let folder = "/sys/devices/\(device.folder)/mtd\(device.index)"
            var attributes = [
                "name": device.name, "type": device.type, "size": "\(device.size)", "erasesize": "\(device.eraseSize)",
                "writesize": "\(device.writeSize)", "oobsize": "\(device.oobSize)", "flags": device.flags,
                "dev": "90:\(2 * device.index)", "numeraseregions": "0",
            ]
            attributes["offset"] = device.offset.map { "\($0)" }
            attributes["bad_blocks"] = device.badBlocks.map { "\($0)" }
            attributes["bbt_blocks"] = device.tableBlocks.map { "\($0)" }
            for (name, value) in attributes { try write("\(folder)/\(name)", value + "\n") }
            if let node = device.deviceTreeNode {
                let target = "\(root)/sys/firmware/devicetree/base/\(node)"
                try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
                try link("\(folder)/of_node", to: target)
            }
            try link("/sys/class/mtd/mtd\(device.index)", to: "../../devices/\(device.folder)/mtd\(device.index)")
            // A separate class entry, which probes must ignore.
            try write("/sys/devices/\(device.folder)/mtd\(device.index)ro/dev", "90:\(2 * device.index + 1)\n")
            try link("/sys/class/mtd/mtd\(device.index)ro", to: "../../devices/\(device.folder)/mtd\(device.index)ro")
            try write("/sys/class/block/mtdblock\(device.index)/dev", "31:\(device.index)\n")
        }
        try write("/proc/mtd", table)
    }

    /// Runs every probe with a shell: `["sh"]`, `["busybox", "sh"]`.
    ///
    /// The kernel log and the tools are those of the computer that runs the tests, so their replies are left out.
    func probe(shell: [String], only: Set<String>? = nil) throws -> [String: LinuxProbeReply] {
        let ofThisComputer: Set<String> = [
            "dmesg.txt", "kernel-log.txt", "ubinfo.txt", "tools.txt", "busybox.txt", "nanddump-help.txt",
            "fw-printenv.txt", "fw-printenv-errors.txt", "user-id.txt", "mtdinfo-map.txt",
        ]
        var replies: [String: LinuxProbeReply] = [:]
        for probe in LinuxProbes.all(root: root) {
            guard only.map({ $0.contains(probe.name) }) ?? !ofThisComputer.contains(probe.name) else { continue }
            replies[probe.name] = try Self.run(shell, probe.command)
        }
        return replies
    }

    /// Runs one command. Its standard input has a line that it must not read.
    static func run(_ shell: [String], _ command: String) throws -> LinuxProbeReply {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // After the command, the line must still be in standard input.
        process.arguments = shell + ["-c", command + "; s=$?; read -r l; [ \"$l\" = untouched ] || exit 99; exit $s"]
        let output = Pipe()
        let input = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("untouched\n".utf8))
        try input.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return LinuxProbeReply(output: Array(bytes), exitStatus: Int(process.terminationStatus))
    }

    /// The shells of this computer that boards also have.
    static let shells: [[String]] = [["sh"], ["dash"], ["bash"], ["busybox", "sh"]].filter { shell in
        (try? run(shell, "true").exitStatus) == 0
    }
}
