private import BoardConsoles
private import FlashAccess
internal import FlashModel
internal import Transfers

/// The board's own web server carries the frames: they are put into its folder, fetched, and removed again.
///
/// Only folders in memory are used, and at most half of the free memory.
final class WebRootCarrier: NetworkFrameCarrier {
    let place: WebRootPlace
    let plan: TransferPlan
    let survivesStalls = true
    let isTalking = false
    let mapsLineEnds = false
    var hasDelivered: Bool { server.hasDelivered }

    private let shell: ShellSession
    private let server: WebFetch
    private let toolbox: LinuxToolbox
    private let nonce: @Sendable () -> String
    private let root: String
    private var word = ""

    /// The most bytes of flash at a time: the board's memory is needed for other things, too.
    private static let largest = 16 << 20

    private init(
        _ place: WebRootPlace, room: Int, _ host: any LinuxNetworkHost, _ shell: ShellSession, _ toolbox: LinuxToolbox,
        root: String, nonce: @escaping @Sendable () -> String
    ) {
        self.place = place
        server = WebFetch(host)
        self.shell = shell
        self.toolbox = toolbox
        self.root = root
        self.nonce = nonce
        // Frames have headers, and the room may shrink a little.
        let batch = min(Self.largest, room / 8 * 7)
        plan = TransferPlan(
            encoding: .raw, checksum: toolbox.quickestChecksum,
            readsTwice: false, isReliable: true, frameSize: min(1 << 20, batch), batchSize: batch)
    }

    /// Opens a place after proving, with a small file, that the server gives what lies there.
    ///
    /// Files that an earlier session could not remove are removed.
    ///
    /// - Throws: ``NetworkFailure`` if it does not work; errors of the board.
    static func open(
        _ place: WebRootPlace, _ host: any LinuxNetworkHost, _ shell: ShellSession, _ toolbox: LinuxToolbox,
        _ files: OwnFiles, root: String, nonce: @escaping @Sendable () -> String
    ) async throws -> WebRootCarrier {
        // The server may run as another user. One file at a time, and only if it has our name: whatever a line makes of the command, nothing else is removed.
        try await shell.define(
            "fkclean",
            "umask 022\nfkclean(){\nfor f in \(ShellWord.quoted("\(place.root.folder)/\(WebRootPlace.prefix)"))*;do\n"
                + "case $f in */\(WebRootPlace.prefix)*)rm -f \"$f\";;esac\ndone\n}")
        try await files.remove("web", by: "fkclean")
        _ = try await shell.run("fkclean")
        guard let room = try await Self.room(place, shell, toolbox, root: root), room >= WebRootRoom.least else {
            throw NetworkFailure(
                why: "\(PrintableText.escaped(place.root.folder)) has no room, or how much is unknown", isFinal: true)
        }
        let carrier = WebRootCarrier(place, room: room, host, shell, toolbox, root: root, nonce: nonce)
        try await carrier.prove()
        return carrier
    }

    var method: LinuxReadMethod { .www }

    var label: String { "www at \(place.url)" }

    func description(of command: String) -> String {
        "\(command) >\(place.file("WORD")); fetched from \(place.url("WORD")), then removed"
    }

    func time(for bytes: Int) -> Duration { shell.timing.limits.bulk(bytes, isSlow: false) }

    func markBulk(_ isBulk: Bool) {}

    func definition(of function: String, _ script: String) -> (name: String, script: String) { (function, script) }

    private static func room(
        _ place: WebRootPlace, _ shell: ShellSession, _ toolbox: LinuxToolbox, root: String
    ) async throws -> Int? {
        // Free memory changes from one reply to the next.
        let reply = try await shell.run(
            WebRootQuestions.room(place.root.folder, root: root, toolbox), isProvenElsewhere: true)
        return WebRootRoom.bytes(in: reply.text)
    }

    private func prove() async throws {
        let content = nonce()
        word = content
        let reply = try await shell.run(
            "echo \(content) >\(ShellWord.quoted(place.file(content)))", mergesErrors: true)
        guard reply.status == 0 else {
            throw NetworkFailure(why: "nothing can be written to \(PrintableText.escaped(place.root.folder))")
        }
        do {
            try await server.prove(
                content, at: place.url(content), otherwise: "the web server gives something else than what is there")
        } catch let failure as NetworkFailure {
            try await remove()
            throw failure
        }
        try await remove()
    }

    /// Puts the frames of a command into the folder, then starts to fetch them.
    func start(_ command: String, for bytes: Int) async throws {
        try await remove()
        let needed = bytes + bytes / 16 + (16 << 10)
        guard let room = try await Self.room(place, shell, toolbox, root: root), room >= needed else {
            throw NetworkFailure(
                why:
                    "\(PrintableText.escaped(place.root.folder)) has no room for \(ByteCount.text(bytes)), or how much it "
                    + "has is unknown", isFinal: true)
        }
        word = nonce()
        let line = "\(command) >\(ShellWord.quoted(place.file(word)))"
        try await shell.start(line)
        try await shell.finish(line, silence: shell.silence + time(for: bytes))
        try await server.open(place.url(word))
    }

    func bytes(within time: Duration) async throws -> [UInt8]? { try await server.bytes() }

    func finish(_ command: String, rest: [UInt8]) async throws { try await remove() }

    func abandon(_ command: String) async throws {
        if shell.isReplyPending { try await shell.interrupt() }
        try await remove()
    }

    private func remove() async throws {
        server.close()
        guard !word.isEmpty else { return }
        word = ""
        _ = try await shell.run("fkclean")
    }
}
