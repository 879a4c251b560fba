package import BoardChannels
package import BoardConsoles
private import FlashAccess
private import FlashModel

/// Reaches a board that runs Linux, through a shell over any channel.
package struct LinuxBoardReacher: BoardReaching {
    private let opener: any ChannelOpening
    private let credentials: Credentials
    private let environment: OperationEnvironment
    private let root: String
    private let timing: ShellTiming

    /// - Parameter root: a prefix of all paths on the board, for tests.
    package init(
        opener: any ChannelOpening, credentials: Credentials, environment: OperationEnvironment, root: String = "",
        timing: ShellTiming = ShellTiming()
    ) {
        self.opener = opener
        self.credentials = credentials
        self.environment = environment
        self.root = root
        self.timing = timing
    }

    package var address: String { opener.traits.address }

    package var way: String {
        switch opener.traits.way {
        case "ssh": "Linux shell over SSH"
        case "telnet": "Linux shell over telnet"
        case "serial": "Linux shell on a serial line"
        case "tcp": "Linux shell on a serial line over TCP"
        default: "Linux shell on this machine"
        }
    }

    package var usualRate: Int? { opener.traits.isSlow ? 10_000 : nil }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        let clock = environment.stopwatch()
        let recording = RecordingOpener(opener) { channel in
            let copied: any BoardChannel =
                transcript.hasCopy
                ? RecordingChannel(channel, detail: .everything, now: clock, sink: { transcript.appendToCopy($0) })
                : channel
            return RecordingChannel(copied, detail: .withoutBulk, now: clock, sink: { transcript.append($0) })
        }
        return try await recording.withChannel { channel in
            try await ShellSession.withShell(
                over: channel, credentials: credentials, nonce: environment.nonce(), timing: timing
            ) { shell in
                try await LinuxFlashAccess.withAccess(shell, root: root) { access in
                    try await body(access)
                }
            }
        }
    }
}

extension LinuxFlashAccess: FlashBoard {}
