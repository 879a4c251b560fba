import ArgumentParser

/// `flashkeep completions bash|zsh|fish`
struct CompletionsVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "completions", abstract: "Prints the completion script for a shell.",
            usage: "flashkeep completions bash|zsh|fish",
            discussion: """
                Examples:
                  source <(flashkeep completions bash)
                  flashkeep completions zsh > ~/.zfunc/_flashkeep
                  flashkeep completions fish > ~/.config/fish/completions/flashkeep.fish

                For zsh, ~/.zfunc must be in fpath before compinit runs.
                """)
    }

    enum Shell: String, CaseIterable, ExpressibleByArgument, Sendable {
        case bash, zsh, fish
    }

    @Argument(help: "The shell.")
    var shell: Shell
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(in context: VerbContext) async throws -> ExitStatus {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        StandardOutput.write(FlashkeepCommand.completionScript(for: kind) + "\n")
        return .done
    }
}
