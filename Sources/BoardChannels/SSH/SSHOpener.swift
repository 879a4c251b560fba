private import FlashModel

/// Opens a shell on a board through the system's OpenSSH client, with the user's own configuration, keys, agent and
/// jump hosts.
///
/// There is no terminal (`-T`), so the stream carries all eight bits, and SSH protects it: the bytes arrive as the
/// board sent them.
package struct SSHOpener: ChannelOpening {
    /// The settings for the client.
    package struct Settings: Sendable, Equatable {
        /// `user@host`, `host`, or an alias from the user's configuration.
        package var destination: String
        /// 1 to 65535; nil leaves it to the configuration.
        package var port: Int?
        /// A configuration file that replaces the user's.
        package var configFile: String?
        /// Further `-o` options, verbatim.
        package var options: [String]
        /// Passed to the client through its askpass helper; nil lets the client ask on the terminal.
        package var password: String?
        /// Whether the client may ask on the terminal.
        package var isInteractive: Bool
        /// The path of this program, which acts as the askpass helper.
        package var askpassProgram: String
        /// The client program.
        package var program: String
        /// What the board runs. `sh` is requested by name: a login shell would print its greeting into the stream.
        package var command = "exec sh"

        package init(
            destination: String, port: Int? = nil, configFile: String? = nil, options: [String] = [],
            password: String? = nil, isInteractive: Bool = true, askpassProgram: String = "", program: String = "ssh"
        ) {
            self.destination = destination
            self.port = port
            self.configFile = configFile
            self.options = options
            self.password = password
            self.isInteractive = isInteractive
            self.askpassProgram = askpassProgram
            self.program = program
        }
    }

    package let traits: ChannelTraits
    private let settings: Settings

    package init(_ settings: Settings) {
        self.settings = settings
        let port = settings.port.map { ":\($0)" } ?? ""
        traits = ChannelTraits(
            scheme: "ssh", address: "ssh://\(settings.destination)\(port)", mayHaveTerminal: false, isReliable: true,
            isSlow: false)
    }

    package func running(_ command: String) -> (any ChannelOpening)? {
        var settings = settings
        settings.command = command
        settings.isInteractive = false
        return SSHOpener(settings)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        var environment: [String: String] = [:]
        if let password = settings.password {
            // ssh accepts a password neither as an argument nor through a pipe, only from a helper program (ssh(1),
            // ENVIRONMENT).
            environment["SSH_ASKPASS"] = settings.askpassProgram
            environment["SSH_ASKPASS_REQUIRE"] = "force"
            environment["DISPLAY"] = "none"
            environment[Self.askpassVariable] = password
        }
        let host = settings.destination.split(separator: "@").last.map(String.init) ?? settings.destination
        return try await ProcessChannel.run(
            program: settings.program, arguments: Self.arguments(settings), environment: environment, traits: traits,
            ownSession: settings.password != nil,
            explain: { ending, error in
                SSHFailure.explain(
                    status: ending.status, errorText: ending.errorText, host: host,
                    noShell: error.code == .replyNotUnderstood ? error : nil)
            },
            body: body)
    }

    /// The variable that passes the password to this program when `ssh` runs it as its askpass helper.
    package static let askpassVariable = "FLASHKEEP_ASKPASS_ANSWER"

    /// The client's arguments.
    package static func arguments(_ settings: Settings) -> [String] {
        var arguments = ["-T", "-x", "-a"]
        if let file = settings.configFile { arguments += ["-F", file] }
        if let port = settings.port { arguments += ["-p", String(port)] }
        for option in settings.options { arguments += ["-o", option] }
        arguments += [
            "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3",
            "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none", "-o", "RequestTTY=no",
            "-o", "EscapeChar=none",
        ]
        if settings.password != nil {
            arguments += ["-o", "NumberOfPasswordPrompts=1"]
        } else if !settings.isInteractive {
            arguments += ["-o", "BatchMode=yes"]
        }
        // `--` prevents a destination that begins with a dash from being taken as an option.
        return arguments + ["--", settings.destination, settings.command]
    }
}
