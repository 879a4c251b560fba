import ArgumentParser

/// `flashkeep completions bash|zsh|fish`
struct CompletionsVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "completions", abstract: "Prints the completion script for a shell.",
            discussion: """
                Examples:
                  flashkeep completions bash > ~/.local/share/bash-completion/completions/flashkeep
                  flashkeep completions zsh  > ~/.zfunc/_flashkeep      (with fpath+=~/.zfunc before compinit)
                  flashkeep completions fish > ~/.config/fish/completions/flashkeep.fish
                """)
    }

    enum Shell: String, CaseIterable, ExpressibleByArgument, Sendable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(at desk: Desk) async throws -> ExitStatus {
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
