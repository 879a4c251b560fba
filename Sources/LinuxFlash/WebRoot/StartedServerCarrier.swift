private import BoardConsoles
private import FlashAccess
internal import FlashModel
internal import Transfers

/// A web server that is started on the board carries the frames: a script of it runs the command, and this computer
/// fetches what that prints. Nothing but the script is put on the board.
///
/// The script has a name that nobody can guess, and goes with the session.
final class StartedServerCarrier: NetworkFrameCarrier {
    let plan: TransferPlan
    let survivesStalls = true
    let isTalking = false
    let mapsLineEnds = false
    var hasDelivered: Bool { server.hasDelivered }

    private let address: IPv4Address
    private let port: Int
    private let folder: String
    private let script: String
    private let shell: ShellSession
    private let server: WebFetch
    private let toolbox: LinuxToolbox

    /// The ports that are tried: few programs use any of them.
    private static let ports = [38_080, 48_613, 27_419]

    private init(
        _ address: IPv4Address, port: Int, folder: String, script: String, _ host: any LinuxNetworkHost,
        _ shell: ShellSession, _ toolbox: LinuxToolbox
    ) {
        self.address = address
        self.port = port
        self.folder = folder
        self.script = script
        server = WebFetch(host)
        self.shell = shell
        self.toolbox = toolbox
        plan = TransferPlan(
            encoding: .raw, checksum: toolbox.quickestChecksum, readsTwice: false, isReliable: true,
            frameSize: 1 << 20, batchSize: 16 << 20)
    }

    /// Starts the server, and proves that its script can be reached.
    ///
    /// - Throws: ``NetworkFailure`` if it does not work; errors of the board.
    static func open(
        _ address: IPv4Address, _ host: any LinuxNetworkHost, _ shell: ShellSession, _ toolbox: LinuxToolbox,
        _ files: OwnFiles, nonce: @Sendable () -> String
    ) async throws -> StartedServerCarrier {
        guard let own = try await files.temporaryFolder() else {
            throw NetworkFailure(why: "the board has no folder for a script")
        }
        let (folder, script) = ("\(own)/web", nonce())
        // Taught twice and compared, so that nothing else is ever removed or ended.
        try await shell.define(
            "fkhttpd",
            "fkhttpd(){\n[ -z \"$FKH\" ]||kill $FKH;FKH=\nrm -f \(folder)/cgi-bin/* \(folder)/conf \(folder)/command\n"
                + "rmdir \(folder)/cgi-bin \(folder)\n}")
        try await files.remove("httpd", by: "fkhttpd")
        for port in ports {
            _ = try await shell.run("fkhttpd")
            let reply = try await shell.run(start(folder, script, port, toolbox), isProvenElsewhere: true)
            guard reply.status == 0 else { continue }
            let carrier = StartedServerCarrier(
                address, port: port, folder: folder, script: script, host, shell, toolbox)
            do {
                try await carrier.prove(nonce())
                return carrier
            } catch let failure as NetworkFailure {
                _ = try await shell.run("fkhttpd")
                if port == ports.last || failure.isSilence { throw failure }
            }
        }
        throw NetworkFailure(why: "it does not start")
    }

    /// Makes the script, and starts the server; its status is that of a server that still runs after a moment.
    private static func start(_ folder: String, _ script: String, _ port: Int, _ toolbox: LinuxToolbox) -> String {
        let path = "\(folder)/cgi-bin/\(script)"
        return "umask 077;mkdir \(folder) \(folder)/cgi-bin;:>\(folder)/conf;"
            + "printf '#!/bin/sh\\nexec 2>/dev/null\\nprintf \"Content-Type: application/octet-stream\\\\r\\\\n\\\\r\\\\n\"\\n"
            + ". \(folder)/command\\n' >\(path)&&chmod 700 \(path)&&"
            + "{ \(toolbox.invocation("httpd")) -f -p \(port) -h \(folder) -c \(folder)/conf >/dev/null 2>&1 & FKH=$!;}&&"
            + "sleep 1&&kill -0 $FKH"
    }

    var method: LinuxReadMethod { .httpd }
    var label: String { "httpd at \(address):\(port)" }
    private var url: String { "http://\(address):\(port)/cgi-bin/\(script)" }

    func description(of command: String) -> String {
        "\(toolbox.invocation("httpd")) -f -p \(port) -h FOLDER with a script that runs: \(command)"
    }

    func definition(of function: String, _ script: String) -> (name: String, script: String) {
        let name = "FKC\(function)"
        return (name, "\(name)=\(ShellWord.quoted(script))")
    }

    func time(for bytes: Int) -> Duration { shell.timing.limits.bulk(bytes, isSlow: false) }

    func markBulk(_ isBulk: Bool) {}

    /// Puts a command where the script finds it.
    private func put(_ text: String) async throws {
        let reply = try await shell.run("printf '%s\\n' \(text) >\(folder)/command", mergesErrors: true)
        guard reply.status == 0 else { throw NetworkFailure(why: "the script cannot be written") }
    }

    private func prove(_ word: String) async throws {
        try await put("\"echo \(word)\"")
        try await server.prove(word, at: url, otherwise: "something else answers there")
    }

    func start(_ command: String, for bytes: Int) async throws {
        server.close()
        try await put("\"$FKC\(command.prefix { $0 != " " })\" \(ShellWord.quoted(command))")
        try await server.open(url)
    }

    func bytes(within time: Duration) async throws -> [UInt8]? { try await server.bytes() }

    func finish(_ command: String, rest: [UInt8]) async throws { server.close() }

    func abandon(_ command: String) async throws { server.close() }
}
