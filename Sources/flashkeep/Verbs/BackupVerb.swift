import ArgumentParser
import BackupBags
import BoardAccess
import FlashAccess
import Operations
import SystemPackage

/// `flashkeep backup WHERE`
struct BackupVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "backup", abstract: "Backs up all of a board's flash, and proves the backup.",
            usage: "flashkeep backup <where> [--to <dir>] [--only <parts>] [options]",
            discussion: """
                Examples:
                  flashkeep backup root@192.168.1.1
                  flashkeep backup root@192.168.1.1 --to attic-router
                  flashkeep backup root@192.168.1.1 --only ART,u-boot
                  flashkeep backup http://192.168.1.1/mtd_backup/
                  flashkeep backup luci://root@192.168.1.1
                  flashkeep backup serial:/dev/ttyUSB0 --known old-backup
                  flashkeep backup serial:/dev/ttyUSB0 --via tftpput --host-ip 192.168.1.2
                  flashkeep backup serial:/dev/ttyUSB0 --image openwrt-initramfs.bin

                The backup is a folder that can be used without Flashkeep. While it is being
                made, it is called NAME.partial. If a backup is interrupted, run the same
                command again: it resumes. The board's flash is only read.
                """)
    }

    /// Options specific to `backup`.
    struct Choices: ParsableArguments, Sendable {
        enum ProofChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
            case best, none
        }

        @Option(
            help: ArgumentHelp(
                "The folder to make; by default, it is named after the board and the day.", valueName: "dir"),
            completion: .directory)
        var to: String?

        @Option(
            help: ArgumentHelp(
                "Back up only these partitions, given by name or as mtd3 (from U-Boot: part3), separated by commas; "
                    + "can be repeated.", valueName: "parts"))
        var only: [String] = []

        @Option(
            help: ArgumentHelp(
                "A firmware file or an earlier backup: data that it already has, as the bootloader's checksums show, "
                    + "is not transferred. Can be repeated.", valueName: "path"),
            completion: .file())
        var known: [String] = []

        @Option(
            help: ArgumentHelp(
                "Start this initramfs image from U-Boot first, over the network, and back up from the Linux in it.",
                valueName: "file"),
            completion: .file())
        var image: String?

        @Flag(
            help: """
                Also save the spare (OOB) bytes of NAND; needs nanddump on the board, or a U-Boot that can read raw \
                NAND.
                """)
        var oob = false

        @Option(
            help: ArgumentHelp(
                "What to check the images against: best is the board's own checksums, or else a second read.",
                valueName: "what"))
        var proof: ProofChoice = .best
    }

    @Argument(help: "Where the board is, such as root@192.168.1.1. See flashkeep --help.")
    var `where`: String
    @OptionGroup(title: "Options of backup") var choices: Choices
    @OptionGroup(title: "Options for the network and for U-Boot") var transferMethod: TransferMethodOptions
    @OptionGroup(title: "Options for the network and for U-Boot") var boot: BootOptions
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func validate() throws { try transferMethod.validate(for: `where`, image: choices.image) }

    var afterInterruption: String {
        "Data already read, if any, is kept in a folder that ends with .partial: the same command resumes it."
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        let connection = try context.connection(
            to: `where`, board, known: choices.known, image: boot.image(choices.image),
            network: boot.network(transferMethod), common: common)
        let options = BackupOptions(
            target: choices.to.map { FilePath($0) }, proof: choices.proof == .best ? .best : .none,
            withOOB: choices.oob,
            only: choices.only)
        let elapsed = context.environment.stopwatch()
        let report = try await Backup.run(
            connection.connector, options: options, environment: context.environment, transcript: connection.transcript,
            progress: context.handler)
        try context.give(report) {
            BackupText.text(report, elapsed: elapsed(), style: context.style, isVerbose: context.isVerbose)
        }
        return ExitStatus(report)
    }
}
