private import BoardConsoles
internal import FlashModel
internal import Transfers

/// A folder of a board's web server, and the address at which this computer finds its files.
struct WebRootPlace: Sendable, Hashable {
    var root: WebRoot
    /// Ends with a slash.
    var url: String

    /// The name of every file that is put there begins so.
    static let prefix = "flashkeep-"

    func file(_ word: String) -> String { "\(root.folder)/\(Self.prefix)\(word)" }
    func url(_ word: String) -> String { "\(url)\(Self.prefix)\(word)" }
}

/// Finds out where a board's web server takes its files from.
final class WebRootSearch {
    private let settings: LinuxNetworkSettings
    private let shell: ShellSession
    private let toolbox: LinuxToolbox
    private let root: String

    /// - Parameter root: a prefix of all paths on the board, for tests.
    init(_ settings: LinuxNetworkSettings, _ shell: ShellSession, _ toolbox: LinuxToolbox, root: String) {
        self.settings = settings
        self.shell = shell
        self.toolbox = toolbox
        self.root = root
    }

    /// Lists the places where files for the web server may be put, best first.
    ///
    /// - Parameter addresses: those at which this computer reaches the board.
    /// - Returns: the places in memory; and why there is none, for the user.
    /// - Throws: errors of the board.
    func places(_ addresses: [IPv4Address]) async throws -> (places: [WebRootPlace], why: String) {
        let (folders, ports) = try await candidates()
        let reply = try await shell.run("cat \(ShellWord.quoted("\(root)/proc/mounts"))")
        let mounts = Mounts(LinuxProbeReply(reply))
        var roots: [WebRoot] = []
        for part in Self.parts(folders) {
            let text = try await shell.run(WebRootQuestions.folders(part), limit: 1 << 18).text
            roots += WebRoot.all(in: text, folders: part, mounts: mounts, root: root)
        }
        guard !roots.isEmpty else { return ([], "no folder of a web server was found (give it with --www DIR)") }
        let usable = roots.filter(\.isInMemory).prefix(8)
        guard !usable.isEmpty else {
            let list = roots.prefix(3).map { "\(PrintableText.escaped($0.folder)) is on \($0.fileSystem)" }
            return ([], "\(list.joined(separator: ", ")), and nothing is written to anything but memory")
        }
        let bases =
            settings.webURL.map { [$0.hasSuffix("/") ? $0 : "\($0)/"] }
            ?? addresses.flatMap { address in ports.map { "http://\(address):\($0)/" } }
        guard !bases.isEmpty else { return ([], "no address is known at which this computer reaches the board") }
        return (
            usable.flatMap { root in bases.prefix(8).map { WebRootPlace(root: root, url: $0 + root.path.dropFirst()) }
            },
            ""
        )
    }

    /// The folders and ports that the user, the running servers and their configurations name.
    private func candidates() async throws -> (folders: [String], ports: [Int]) {
        if let folder = settings.webRoot, settings.webURL != nil { return (["\(root)\(folder)"], []) }
        var servers: [WebServerProcess] = []
        if toolbox.has("tr") {
            let text = try await shell.run(WebRootQuestions.processes(root: root, toolbox), limit: 1 << 18).text
            servers = WebServerProcess.parse(text)
        }
        let paths = servers.flatMap(\.paths)
        let texts = try await shell.run(
            WebRootQuestions.configurations(root: root, Array(paths.prefix(4))), limit: 1 << 18)
        let configuration = WebServerConfiguration(texts.text)
        var folders = settings.webRoot.map { ["\(root)\($0)"] } ?? []
        if folders.isEmpty {
            let running = servers.compactMap(\.folder).filter { $0 != "/" }
            folders =
                (paths + configuration.folders).map { "\(root)\($0)" } + running
                + WebRootQuestions.usualFolders.map { "\(root)\($0)" }
        }
        let ports = servers.flatMap(\.ports) + configuration.ports + [80]
        return (Self.unique(folders, 32), Self.unique(ports, 4))
    }

    private static func unique<Value: Hashable>(_ values: [Value], _ limit: Int) -> [Value] {
        var seen: Set<Value> = []
        return Array(values.filter { seen.insert($0).inserted }.prefix(limit))
    }

    /// The folders in groups whose command lines are short enough for any shell.
    private static func parts(_ folders: [String]) -> [[String]] {
        var parts: [[String]] = []
        var length = 0
        for folder in folders {
            if parts.isEmpty || length + folder.utf8.count > 500 {
                parts.append([])
                length = 0
            }
            parts[parts.count - 1].append(folder)
            length += folder.utf8.count + 3
        }
        return parts
    }
}
