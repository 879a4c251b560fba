internal import BoardConsoles
internal import FlashModel

/// Device nodes to read and write: the board's, or those created in a temporary folder for missing ones.
final class DeviceNodes {
    private let shell: ShellSession
    private let root: String
    private let canMake: Bool
    /// The path of each node, by the preferred name for its purpose.
    private var known: [String: String] = [:]
    private let files: OwnFiles

    init(shell: ShellSession, _ files: OwnFiles, root: String, canMake: Bool) {
        self.shell = shell
        self.files = files
        self.root = root
        self.canMake = canMake
    }

    /// Returns the node to read a device from; the read-only one if there is a choice.
    ///
    /// - Parameter forTools: whether it is for mtd-utils, which do not accept the read-only node (its odd minor
    ///   number).
    /// - Throws: ``FlashkeepError`` with `unreadable` if there is none and none can be created.
    func node(for mtd: Int, forTools: Bool = false) async throws -> String {
        // devfs has mtd/0, some cameras mtd/mtd0. The block device reads the same bytes, and is the last choice.
        let names =
            forTools
            ? ["mtd\(mtd)", "mtd/mtd\(mtd)"]
            : [
                "mtd\(mtd)ro", "mtd/\(mtd)ro", "mtd\(mtd)", "mtd/\(mtd)", "mtd/mtd\(mtd)ro", "mtd/mtd\(mtd)",
                "mtdblock\(mtd)", "mtdblock/\(mtd)", "mtd/mtdblock\(mtd)",
            ]
        if let node = known[names[0]] { return node }
        // A regular file instead of a node is a trap: an earlier command wrote to it. In tests, the root holds files.
        let tests = root.isEmpty ? "[ -c \"$n\" ]||[ -b \"$n\" ]" : "[ -e \"$n\" ]"
        let list = names.map { ShellWord.quoted("\(root)/dev/\($0)") }.joined(separator: " ")
        let found = try await shell.run("i=0;for n in \(list);do if \(tests);then echo $i;break;fi;i=$(($i+1));done")
        // The reply is a number, not a path: a damaged path might name another device.
        if let line = found.text.split(separator: "\n").first, let place = Int(line), names.indices.contains(place) {
            let node = "\(root)/dev/\(names[place])"
            known[names[0]] = node
            return node
        }
        let made = try await make(mtd, readOnly: !forTools)
        known[names[0]] = made
        return made
    }

    /// Returns the node to write a partition through, after checking that it exists and is of the right kind.
    ///
    /// - Throws: as ``node(for:forTools:)``.
    func writeNode(for partition: Partition, _ kind: LinuxWriteNode) async throws -> String {
        guard kind == .block else { return try await node(for: partition, forTools: true) }
        let names = ["mtdblock\(partition.index)", "mtdblock/\(partition.index)", "mtd/mtdblock\(partition.index)"]
        if let node = known[names[0]] { return node }
        let test = root.isEmpty ? "-b" : "-e"
        for name in names {
            let path = "\(root)/dev/\(name)"
            if try await shell.run("[ \(test) \(ShellWord.quoted(path)) ]").status == 0 {
                known[names[0]] = path
                return path
            }
        }
        guard canMake else { throw missing(partition.index, why: "The board has no mknod to make one with.") }
        let path = "\(try await ownFolder())/mtdblock\(partition.index)"
        let reply = try await shell.run(
            "rm -f \(path);mknod \(path) b 31 \(partition.index)&&[ -b \(path) ]", mergesErrors: true)
        guard reply.status == 0 else {
            throw missing(
                partition.index, why: "mknod failed: \(TerminalText.lastLines(reply.output, count: 1))")
        }
        known[names[0]] = path
        return path
    }

    /// Returns the node to read a partition from.
    ///
    /// - Throws: `partitionVanished` if there is no node because the partition is gone.
    func node(for partition: Partition, forTools: Bool = false) async throws -> String {
        do {
            return try await node(for: partition.index, forTools: forTools)
        } catch let error as FlashkeepError where error.code == .unreadable {
            // A device that is gone has no node either.
            try await checkStillThere(partition)
            throw error
        }
    }

    /// Throws if the partition is gone, which is not a read error of single blocks.
    func checkStillThere(_ partition: Partition) async throws {
        // The line may damage the file name in the command, so the partition must be missing each time.
        for _ in 0..<3 {
            let table = try await shell.run("cat \(ShellWord.quoted("\(root)/proc/mtd"))")
            if table.text.split(separator: "\n").contains(where: { $0.hasPrefix("mtd\(partition.index):") }) { return }
        }
        throw FlashkeepError(
            .partitionVanished,
            what: "\(PrintableText.partition(partition.label, partition.name)) vanished while it was being read.",
            why: "It is no longer in the board's /proc/mtd: a driver was unloaded, or UBI detached.",
            next: "Run the same command again when it is back: it resumes.")
    }

    /// Creates a node with the numbers in sysfs, or the fixed ones: major 90, minor 2N, or 2N+1 for the read-only node
    /// (Linux `Documentation/admin-guide/devices.txt`, 90 char).
    private func make(_ mtd: Int, readOnly: Bool) async throws -> String {
        guard canMake else { throw missing(mtd, why: "The board has no mknod to make one with.") }
        let folder = try await ownFolder()
        let path = "\(folder)/mtd\(mtd)\(readOnly ? "ro" : "")"
        let attribute = ShellWord.quoted("\(root)/sys/class/mtd/mtd\(mtd)\(readOnly ? "ro" : "")/dev")
        let rule = "90:\(2 * mtd + (readOnly ? 1 : 0))"
        let reply = try await shell.run(
            "v=;[ -r \(attribute) ]&&read v <\(attribute);case $v in *:*) ;;*) v=\(rule);;esac;"
                + "rm -f \(path);mknod \(path) c ${v%:*} ${v#*:}&&[ -c \(path) ]&&dd if=\(path) of=/dev/null bs=1 count=1",
            mergesErrors: true)
        guard reply.status == 0 else {
            throw missing(mtd, why: "mknod failed: \(TerminalText.lastLines(reply.output, count: 1))")
        }
        return path
    }

    /// Returns a temporary folder on the board, as ``OwnFiles/temporaryFolder()``.
    ///
    /// - Throws: ``FlashkeepError`` with `unreadable` if there is none.
    func ownFolder() async throws -> String {
        guard let folder = try await files.temporaryFolder() else {
            throw missing(nil, why: "A device node cannot be made in any folder on the board.")
        }
        return folder
    }

    /// Forgets all nodes, after a device vanished or the board restarted.
    func forget() {
        known = [:]
    }

    private func missing(_ mtd: Int?, why: String) -> FlashkeepError {
        let name = mtd.map { "/dev/mtd\($0)" } ?? "The device"
        return FlashkeepError(
            .unreadable, what: "\(name) has no device node, and it cannot be made.", why: why,
            next: "Log in as root, or make the node by hand: mknod /dev/mtdN c 90 2N")
    }
}
