import ArgumentParser
import FlashModel

/// The program, from its arguments to its exit status.
enum Program {
    static func run(_ arguments: [String]) async -> ExitStatus {
        let parsed: any ParsableCommand
        do {
            parsed = try FlashkeepCommand.parseAsRoot(arguments)
            guard let verb = parsed as? any Verb else {
                // Help: the parser's own command, or no verb at all.
                var command = parsed
                try command.run()
                return .done
            }
            return await VerbRun.run(verb)
        } catch {
            return parserSaid(error, arguments)
        }
    }

    /// Help and version are not errors; everything else from the parser is wrong usage.
    private static func parserSaid(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        guard FlashkeepCommand.exitCode(for: error) != .success else {
            StandardOutput.write(FlashkeepCommand.fullMessage(for: error) + "\n")
            return StandardOutput.hasFailed ? .failed : .done
        }
        let usage = UsageError.error(message: FlashkeepCommand.message(for: error), arguments: arguments)
        let isJSON = arguments.prefix { $0 != "--" }.contains("--json")
        ErrorReport.show(
            usage, json: isJSON, screen: Screen(Terminal.current(color: .auto)), asEvent: false)
        return ExitStatus(usage.code)
    }
}
