internal import BoardConsoles
internal import FlashModel

/// Device nodes to read from: those of the board, and where one is missing one made in a folder of our own.
final class DeviceNodes {
    private let shell: ShellSession
    private let root: String
    private let canMake: Bool
    /// By the name of the node that is best for the purpose.
    private var known: [String: String] = [:]
    private var folder: String?

    init(shell: ShellSession, root: String, canMake: Bool) {
        self.shell = shell
        self.root = root
        self.canMake = canMake
    }

    /// The node to read a device from; the read-only one where there is a choice.
    ///
    /// - Parameter forTools: mtd-utils do not accept the read-only node (its odd minor number).
    /// - Throws: ``FlashkeepError`` with `unreadable` where there is none and none can be made.
    func node(for mtd: Int, forTools: Bool = false) async throws -> String {
        let names = forTools ? ["mtd\(mtd)"] : ["mtd\(mtd)ro", "mtd/\(mtd)ro", "mtd\(mtd)", "mtd/\(mtd)"]
        if let node = known[names[0]] { return node }
        // A plain file in the place of a node is a trap: an earlier command wrote into it. In tests the root holds files.
        let test = root.isEmpty ? "-c" : "-e"
        let list = names.map { ShellWord.quoted("\(root)/dev/\($0)") }.joined(separator: " ")
        let found = try await shell.run("i=0;for n in \(list);do [ \(test) \"$n\" ]&&echo $i&&break;i=$(($i+1));done")
        // A number and not the path comes back: the name of another device must not come of a damaged reply.
        if let line = found.text.split(separator: "\n").first, let place = Int(line), names.indices.contains(place) {
            let node = "\(root)/dev/\(names[place])"
            known[names[0]] = node
            return node
        }
        let made = try await make(mtd, readOnly: !forTools)
        known[names[0]] = made
        return made
    }

    /// The node to write a partition through, and that it is there and of the right kind.
    ///
    /// - Throws: as ``node(for:forTools:)``.
    func writeNode(for partition: Partition, _ kind: LinuxWriteNode) async throws -> String {
        guard kind == .block else { return try await node(for: partition, forTools: true) }
        let names = ["mtdblock\(partition.index)", "mtdblock/\(partition.index)"]
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

    /// The same for a partition.
    ///
    /// - Throws: `partitionVanished` where that is why there is no node.
    func node(for partition: Partition, forTools: Bool = false) async throws -> String {
        do {
            return try await node(for: partition.index, forTools: forTools)
        } catch let error as FlashkeepError where error.code == .unreadable {
            // A device that is gone has no node either.
            try await checkStillThere(partition)
            throw error
        }
    }

    /// Throws where the partition is gone: that is not a read error of single blocks.
    func checkStillThere(_ partition: Partition) async throws {
        // A line that damages what is typed can have another file asked for: what is gone must be gone each time.
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

    /// Makes a node from the numbers in sysfs, or from the rule: major 90, minor 2N, and 2N+1 for the read-only one
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

    /// A folder of our own on the board, for nodes and for bytes that are on their way to flash: what is called `mtd…` in
    /// it is removed in the end.
    func ownFolder() async throws -> String {
        if let folder { return folder }
        let word = shell.dialect.word
        let candidates = ["/tmp", "/dev", "/var/run", "/run", "/var/tmp", "/dev/shm"].map { "\($0)/\(word)" }
        let reply = try await shell.run(
            "for d in \(candidates.joined(separator: " "));do [ -d $d ]||(umask 077;mkdir $d)&&echo $d&&break;done")
        guard let line = reply.text.split(separator: "\n").first.map(String.init), candidates.contains(line) else {
            throw missing(nil, why: "A device node cannot be made in any folder on the board.")
        }
        folder = line
        // Also where the connection breaks: the shell removes it when it ends.
        try await shell.define("trap", "trap '\(Self.removal(of: line))' EXIT;trap 'exit 1' HUP INT TERM")
        return line
    }

    /// Never `rm -r`: a bad line needs to make only one blank of a letter, and a folder above is gone.
    static func removal(of folder: String) -> String { "rm -f \(folder)/mtd*;rmdir \(folder)" }

    /// Forgets what is known, after a device vanished or the board restarted.
    func forget() {
        known = [:]
    }

    /// Removes what was made.
    func removeAll() async {
        guard let folder else { return }
        _ = try? await shell.run(Self.removal(of: folder))
        shell.forget("trap")
        self.folder = nil
        known = [:]
    }

    private func missing(_ mtd: Int?, why: String) -> FlashkeepError {
        let name = mtd.map { "/dev/mtd\($0)" } ?? "The device"
        return FlashkeepError(
            .unreadable, what: "\(name) has no device node, and it cannot be made.", why: why,
            next: "Log in as root, or make the node by hand: mknod /dev/mtdN c 90 2N")
    }
}
