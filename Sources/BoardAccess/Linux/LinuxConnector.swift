package import BoardChannels
package import FlashAccess
private import FlashModel
package import LinuxFlash

/// Opens a board that runs Linux, through a shell over any channel.
package struct LinuxConnector: BoardConnector {
    private let opener: any ChannelOpening
    private let credentials: Credentials
    private let environment: OperationEnvironment
    private let root: String
    private let network: LinuxBoardNetwork?
    private let timing: ShellTiming

    /// - Parameters:
    ///   - root: a prefix of all paths on the board, for tests.
    ///   - network: the network beside the shell; nil for none.
    package init(
        opener: any ChannelOpening, credentials: Credentials, environment: OperationEnvironment, root: String = "",
        network: LinuxBoardNetwork? = nil, timing: ShellTiming = ShellTiming()
    ) {
        self.opener = opener
        self.credentials = credentials
        self.environment = environment
        self.root = root
        self.network = network
        self.timing = timing
    }

    package var address: String { opener.traits.address }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await opener.recorded(in: transcript, environment).withChannel { channel in
            try await Self.withShell(
                channel, credentials, environment, root: root, network: network, beside: { opener.running($0) },
                timing: timing, body: body)
        }
    }

    /// Runs the body with the board behind a shell on an open channel.
    static func withShell<Result: Sendable>(
        _ channel: any BoardChannel, _ credentials: Credentials, _ environment: OperationEnvironment,
        root: String = "", network: LinuxBoardNetwork? = nil, beside: ChannelBeside? = nil,
        timing: ShellTiming = ShellTiming(), body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await ShellSession.withShell(
            over: channel, credentials: credentials, nonce: environment.nonce(), timing: timing
        ) { shell in
            let ours = network.map { (host: $0.computer(), settings: $0.settings) }
            return try await withShieldedCleanup {
                try await LinuxFlashAccess.withAccess(shell, root: root, network: ours, beside: beside) { access in
                    try await body(access)
                }
            } cleanup: {
                await ours?.host.close()
            }
        }
    }
}

extension LinuxFlashAccess: FlashBoard {
    package var accessMethod: String { "Linux shell \(channelTraits.connectionText)" }
}

extension ChannelOpening {
    /// The same opener, recording all traffic in a transcript.
    func recorded(in transcript: TranscriptLog, _ environment: OperationEnvironment) -> any ChannelOpening {
        let clock = environment.stopwatch()
        return RecordingOpener(self) { transcript.recording($0, clock: clock) }
    }
}

extension TranscriptLog {
    /// The same channel, recording all its traffic.
    func recording(_ channel: any BoardChannel, clock: @escaping @Sendable () -> Duration) -> any BoardChannel {
        let copied: any BoardChannel =
            hasCopy
            ? RecordingChannel(channel, detail: .everything, now: clock, sink: { self.appendToCopy($0) })
            : channel
        return RecordingChannel(copied, detail: .withoutBulk, now: clock, sink: { self.append($0) })
    }
}

extension ChannelTraits {
    /// Where the shell or bootloader runs, in words.
    var connectionText: String {
        switch scheme {
        case "ssh": "over SSH"
        case "telnet": "over telnet"
        case "serial": "on a serial line"
        case "tcp": "on a serial line over TCP"
        default: "on this machine"
        }
    }
}
