internal import BoardConsoles

/// What a session puts on the board while it works: a temporary folder, and files elsewhere. All of it is removed at the
/// end, also if the connection breaks: the board's shell ends then, too, and removes it.
final class OwnFiles {
    private let shell: ShellSession
    private var folder: String?
    /// Commands that remove files elsewhere, by a name for each.
    private var removals: [(name: String, command: String)] = []

    init(_ shell: ShellSession) {
        self.shell = shell
    }

    /// Returns a temporary folder on the board for nodes and for bytes on their way to flash. Files in it named `mtd…`
    /// are removed at the end.
    ///
    /// - Returns: nil if none can be made.
    func temporaryFolder() async throws -> String? {
        if let folder { return folder }
        let word = shell.dialect.word
        let candidates = ["/tmp", "/dev", "/var/run", "/run", "/var/tmp", "/dev/shm"].map { "\($0)/\(word)" }
        let reply = try await shell.run(
            "for d in \(candidates.joined(separator: " "));do [ -d $d ]||(umask 077;mkdir $d)&&echo $d&&break;done")
        guard let line = reply.text.split(separator: "\n").first.map(String.init), candidates.contains(line) else {
            return nil
        }
        folder = line
        try await setTrap()
        return line
    }

    /// Runs a command at the end of the session, whatever ends it.
    ///
    /// - Parameters:
    ///   - name: replaces an earlier command of this name.
    ///   - command: it must do no harm when run several times.
    func remove(_ name: String, by command: String) async throws {
        removals.removeAll { $0.name == name }
        removals.append((name, command))
        try await setTrap()
    }

    /// The others may stand in the folder.
    private var endings: [String] { removals.map(\.command) + (folder.map { [Self.removal(of: $0)] } ?? []) }

    private func setTrap() async throws {
        try await shell.define(
            "trap", "trap '\(endings.joined(separator: ";"))' EXIT;trap 'exit 1' HUP INT TERM")
    }

    /// The command that removes a folder. Never `rm -r`: if the line turned one letter into a space, it would remove a
    /// folder above.
    private static func removal(of folder: String) -> String { "rm -f \(folder)/mtd*;rmdir \(folder)" }

    /// Removes everything.
    func removeAll() async {
        for command in endings { _ = try? await shell.run(command) }
        if !endings.isEmpty { shell.forget("trap") }
        folder = nil
        removals = []
    }
}
