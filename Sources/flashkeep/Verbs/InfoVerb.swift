import ArgumentParser
import BoardAccess
import Operations

/// `flashkeep info WHERE`
struct InfoVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "info", abstract: "Shows what a board is, and what a backup would read.",
            usage: "flashkeep info <where> [options]",
            discussion: """
                Examples:
                  flashkeep info root@192.168.1.1
                  flashkeep info 'serial:/dev/ttyUSB0?baud=115200'
                  flashkeep info --json ssh:attic > attic.json

                Nothing is changed on the board. A few blocks are read to estimate how long a
                backup would take.
                """)
    }

    @Argument(help: "Where the board is, such as root@192.168.1.1. See flashkeep --help.")
    var `where`: String
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(in context: VerbContext) async throws -> ExitStatus {
        let connection = try context.connection(to: `where`, board, common: common)
        let report = try await SurveyBoard.run(
            connection.connector, environment: context.environment, transcript: connection.transcript,
            progress: context.handler)
        try context.give(report) {
            SurveyText.text(
                report, typedAddress: [`where`] + board.words, width: Terminal.outputWidth, style: context.style,
                isVerbose: context.isVerbose)
        }
        return .done
    }
}
