private import BoardChannels
private import BoardConsoles
internal import FlashModel
internal import Transfers

/// A connection of the board's own carries the frames. The console has the command, and its end.
final class NetworkCarrier: NetworkFrameCarrier {
    let form: NetworkCommand
    let addresses: LinuxNetworkPlan
    /// The port of this computer.
    let port: Int
    let plan: TransferPlan
    let survivesStalls = true

    private let shell: ShellSession
    private let toolbox: LinuxToolbox
    private let host: any LinuxNetworkHost
    private let nonce: @Sendable () -> String
    private var stream: (any ExpectedStream)?
    /// The bytes that came with the connection.
    private var first: [UInt8] = []

    /// How long a board may take to connect. A packet that a firewall drops is sent again after 1 and 3 s (RFC 6298).
    private static let patience = Duration.seconds(10)
    /// How long the board's program may take to end after this computer has closed the connection.
    private static let ending = Duration.seconds(5)
    /// How long the console is left alone while the board connects.
    private static let glance = Duration.milliseconds(250)

    init(
        _ form: NetworkCommand, _ addresses: LinuxNetworkPlan, port: Int, host: any LinuxNetworkHost,
        _ shell: ShellSession, _ toolbox: LinuxToolbox, nonce: @escaping @Sendable () -> String
    ) {
        self.form = form
        plan = form.plan(toolbox)
        self.addresses = addresses
        self.port = port
        self.host = host
        self.shell = shell
        self.toolbox = toolbox
        self.nonce = nonce
    }

    func definition(of function: String, _ script: String) -> (name: String, script: String) {
        form.definition(of: function, script)
    }

    var method: LinuxReadMethod { form.method }
    var label: String { "\(method.rawValue) to \(addresses.host):\(port)" }

    func description(of command: String) -> String {
        "\(command) | \(toolbox.invocation(method.rawValue)) \(addresses.host) PORT"
    }

    let isTalking = false
    let mapsLineEnds = false
    /// Whether the board has ever connected.
    private(set) var hasDelivered = false

    func time(for bytes: Int) -> Duration { shell.timing.limits.bulk(bytes, isSlow: false) }

    func markBulk(_ isBulk: Bool) {}

    func start(_ command: String, for bytes: Int) async throws {
        let word = "FK\(nonce())"
        guard let stream = host.expect(form.firstLine(word), from: addresses.senders) else {
            throw NetworkFailure(why: "the port of this computer is closed")
        }
        self.stream = stream
        first = []
        try await shell.start(
            form.line(sending: command, word: word, to: addresses.host, port: port, toolbox), mergesErrors: true)
        try await connect(stream)
    }

    /// Waits until the board has connected.
    private func connect(_ stream: any ExpectedStream) async throws {
        let deadline = shell.console.time + Self.patience
        // What the console says meanwhile belongs to the command's reply.
        var heard: [UInt8] = []
        defer { shell.console.putBack(heard) }
        while true {
            switch try await stream.read(timeout: Self.glance) {
            case .bytes(let bytes):
                first = bytes
                return
            case .closed where !stream.isConnected: throw NetworkFailure(why: "the port of this computer is closed")
            case .closed, .timedOut: if stream.isConnected { return }
            }
            heard += try await shell.console.bytes(within: .milliseconds(1)) ?? []
            if let end = ByteSearch.firstRange(of: shell.dialect.endMarker(shell.sequence), in: heard) {
                // The command has ended; it may have connected at the last moment.
                if stream.isConnected { continue }
                throw refused(stream) ?? NetworkFailure(why: reason(heard[..<end.lowerBound]))
            }
            guard shell.console.time < deadline else {
                throw refused(stream)
                    ?? NetworkFailure(
                        why: "no connection came within \(Self.patience.components.seconds) s", isSilence: true)
            }
        }
    }

    /// The program's own words, among those of the shell and of what it was to send.
    private func reason(_ heard: ArraySlice<UInt8>) -> String {
        let lines = String(decoding: heard, as: UTF8.self).split(whereSeparator: \.isNewline)
        let own = lines.first { $0.contains("\(form.method.rawValue):") }
        return own.map { PrintableText.escaped(String($0.prefix(160))) }
            ?? "\(form.method.rawValue) ended without a reason"
    }

    func bytes(within time: Duration) async throws -> [UInt8]? {
        guard let stream else { return nil }
        hasDelivered = true
        if !first.isEmpty {
            defer { first = [] }
            return first
        }
        return switch try await stream.read(timeout: time) {
        case .bytes(let bytes): bytes
        case .closed: throw NetworkFailure(why: "the connection ended before all had come")
        case .timedOut: nil
        }
    }

    /// The failure if only others connected; nil if nobody did.
    private func refused(_ stream: any ExpectedStream) -> NetworkFailure? {
        let others = stream.refused.filter { !addresses.senders.map(\.description).contains($0) }
        guard !others.isEmpty else { return nil }
        return NetworkFailure(
            why: "a connection came from \(others.joined(separator: ", ")), which is not known as the board's address "
                + "(if it is, give it with --board-ip)")
    }

    func finish(_ command: String, rest: [UInt8]) async throws {
        // The board's program may wait for this computer to close.
        stream?.close()
        do {
            try await shell.finish(command, silence: Self.ending)
        } catch let error as FlashkeepError where error.code.isLostReply {
            try await shell.interrupt()
            throw NetworkFailure(why: "\(form.method.rawValue) does not end", isFinal: true)
        }
    }

    func abandon(_ command: String) async throws {
        stream?.close()
        guard shell.isReplyPending else { return }
        do {
            try await shell.finish(command, silence: Self.ending)
        } catch let error as FlashkeepError where error.code.isLostReply {
            try await shell.interrupt()
        }
    }
}
