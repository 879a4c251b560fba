import ArgumentParser
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Operations

/// `flashkeep boot WHERE --image FILE`
struct BootVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "boot", abstract: "Starts an initramfs on a board, from its bootloader over the network.",
            usage: "flashkeep boot <where> --image <file> [options]",
            discussion: """
                Examples:
                  flashkeep boot serial:/dev/ttyUSB0 --image openwrt-initramfs.bin
                  flashkeep boot tcp://terminal-server:2001 --image initramfs.itb

                The board is stopped in U-Boot (switch it on when asked to), loads the image
                into its RAM by TFTP from this computer, and starts it. Its flash is not
                touched, and nothing is saved in its environment: after a power cycle, the
                board is as it was. flashkeep backup --image does the same, and then makes a
                backup.
                """)
    }

    @Argument(help: "Where the board's serial line is, such as serial:/dev/ttyUSB0. See flashkeep --help.")
    var `where`: String
    @Option(
        help: ArgumentHelp("The initramfs image to start, made for this board.", valueName: "file"),
        completion: .file())
    var image: String
    @OptionGroup(title: "Options of boot") var boot: BootOptions
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    /// The result, for programs.
    struct Document: Encodable {
        var formatVersion = 1
        var address: String
        var way: String
        var image: String
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        let connection = try context.connection(to: `where`, board, image: boot.image(image), common: common)
        defer { connection.transcript.close() }
        context.progress.take(.began(.connecting, bytes: nil))
        let way = try await connection.connector.withBoard(transcript: connection.transcript) { $0.accessMethod }
        context.progress.take(.ended(.connecting))
        try context.give(Document(address: connection.connector.address, way: way, image: image)) {
            let words = ([`where`] + board.words).map { ShellWord.pastable(SafeText.line($0)) }.joined(separator: " ")
            return "Linux runs on the board, from RAM.\nNext: flashkeep backup \(words)\n"
        }
        return .done
    }
}
