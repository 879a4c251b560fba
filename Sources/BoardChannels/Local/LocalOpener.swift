/// Opens a shell on this computer, for boards that run Flashkeep themselves, and for tests.
package struct LocalOpener: ChannelOpening {
    package let traits: ChannelTraits
    private let shell: [String]

    /// - Parameter shell: the program and its arguments; it must read commands from standard input.
    package init(shell: [String] = ["sh"]) {
        self.shell = shell
        traits = ChannelTraits(
            scheme: "local", address: "local:", mayHaveTerminal: false, isReliable: true, isSlow: false)
    }

    package func running(_ command: String) -> (any ChannelOpening)? { LocalOpener(shell: shell + ["-c", command]) }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await ProcessChannel.run(
            program: shell.first ?? "sh", arguments: Array(shell.dropFirst()), traits: traits, ownSession: true,
            explain: { _, _ in nil }, body: body)
    }
}
