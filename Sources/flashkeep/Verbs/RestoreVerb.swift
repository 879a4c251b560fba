import ArgumentParser
import BoardAccess
import FlashAccess
import FlashModel
import Glibc
import Operations
import SystemPackage

/// `flashkeep restore BAG WHERE`
struct RestoreVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "restore", abstract: "Restores a backup without bricking the board.",
            usage: "flashkeep restore <bag> <where> [--dry-run] [--only <parts>] [options]",
            discussion: """
                Examples:
                  flashkeep restore OpenWrt-2026-11-21 root@192.168.1.1 --dry-run
                  flashkeep restore OpenWrt-2026-11-21 root@192.168.1.1 --only firmware
                  flashkeep restore attic root@attic --only RedBoot --allow bootloader
                  flashkeep restore --status OpenWrt-2026-11-21

                Only erase blocks that differ are written, each is read back, and the old
                contents of the board are backed up first. Bootloader, environment and
                calibration are written only with --allow. Anything that would brick the board
                is refused, with exit status 3. If a restore is interrupted, the same command
                resumes it.
                """)
    }

    /// Options specific to `restore`.
    struct Choices: ParsableArguments, Sendable {
        enum Allowed: String, CaseIterable, Sendable {
            case bootloader, environment, calibration
        }

        @Flag(help: "Show what would be written, and write nothing.")
        var dryRun = false

        @Option(
            help: ArgumentHelp(
                "Restore only these partitions, given by name or as mtd3 (of a backup from U-Boot: part3), separated "
                    + "by commas; can be repeated.", valueName: "parts"))
        var only: [String] = []

        @Option(
            help: ArgumentHelp(
                "Also write bootloader, environment or calibration, or several of these, separated by commas. A "
                    + "mistake there can brick the board.", valueName: "what"))
        var allow: [String] = []

        /// The roles that may be written.
        ///
        /// - Throws: `ValidationError` for a word that is none.
        func allowed() throws -> Set<Partition.Role> {
            let words = allow.flatMap { $0.split(separator: ",").map { $0.filter { $0 != " " } } }
            guard allow.isEmpty || words.contains(where: { !$0.isEmpty }) else {
                throw ValidationError("--allow is empty: it takes bootloader, environment, calibration.")
            }
            return Set(
                try words.filter { !$0.isEmpty }.map { word in
                    guard let allowed = Allowed(rawValue: word), let role = Partition.Role(rawValue: allowed.rawValue)
                    else {
                        throw ValidationError(
                            "--allow \(word) is invalid: it takes "
                                + Allowed.allCases.map(\.rawValue).joined(separator: ", ") + "."
                        )
                    }
                    return role
                })
        }

        @Option(
            help: ArgumentHelp(
                "Whatever reads this NAND partition skips bad blocks, as U-Boot's nand read does, so its content may "
                    + "move past them. Not needed for UBI. Can be repeated.", valueName: "partition"))
        var skipBad: [String] = []

        @Flag(
            help: """
                The board may be another unit of the same model. Its bootloader, environment and calibration are then \
                left as they are, because its MAC addresses may be in them.
                """)
        var anotherUnit = false

        @Flag(
            name: .customLong("mtd-rw"),
            help: """
                Load the kernel module mtd-rw on the board, which makes read-only partitions writable, and unload it \
                afterwards.
                """)
        var unlocks = false

        @Flag(help: "Do not ask you to type the board's name.")
        var yes = false

        @Option(
            help: ArgumentHelp(
                "Where to put the backup of what is on the board now; by default, a folder next to the backup.",
                valueName: "dir"),
            completion: .directory)
        var before: String?

        @Option(
            help: ArgumentHelp(
                "Start this initramfs image from U-Boot first, over the network, and restore through the Linux in it.",
                valueName: "file"),
            completion: .file())
        var image: String?

        @Flag(help: "Show how far the last restore of this backup got; needs no board.")
        var status = false
    }

    @Argument(help: "The backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @Argument(help: "Where the board is, such as root@192.168.1.1. See flashkeep --help.")
    var `where`: String?
    @OptionGroup(title: "Options of restore") var choices: Choices
    @OptionGroup(title: "Options for the network and for U-Boot") var transferMethod: TransferMethodOptions
    @OptionGroup(title: "Options for the network and for U-Boot") var boot: BootOptions
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func validate() throws {
        guard choices.status == (`where` == nil) else {
            throw ValidationError(
                choices.status
                    ? "--status takes only the backup, and no board."
                    : "The address of the board is missing, such as root@192.168.1.1.")
        }
        if common.json, !choices.yes, !choices.dryRun, !choices.status {
            throw ValidationError(
                "--json cannot ask for confirmation: add --dry-run to see the plan, or --yes to carry it out.")
        }
        if let address = `where`, Self.isBackup(address), !Self.isBackup(bag) {
            throw ValidationError(
                "The backup comes first, then the board. Write: flashkeep restore \(address) \(bag)")
        }
        _ = try choices.allowed()
        if let address = `where` { try transferMethod.validate(for: address, image: choices.image) }
    }

    var afterInterruption: String {
        "Run the same command again to resume; flashkeep restore --status shows whether a block is half written."
    }

    /// Whether a path is that of a backup.
    private static func isBackup(_ path: String) -> Bool {
        unsafe access(path + "/bagit.txt", F_OK) == 0
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        guard let address = `where` else {
            let status = try Restore.status(FilePath(bag))
            try context.give(status) { RestorePlanText.text(status, style: context.style) }
            return (status.isEnded || status.address == nil) && status.isWhole ? .done : .notWhole
        }
        let connection = try context.connection(
            to: address, board, known: [bag], image: boot.image(choices.image),
            network: boot.network(transferMethod),
            common: common)
        let choice = RestoreChoice(
            only: choices.only, allowed: try choices.allowed(),
            isAnotherUnit: choices.anotherUnit, streams: choices.skipBad, unlocks: choices.unlocks)
        let prepared = try await Restore.plan(
            FilePath(bag), on: connection.connector, choice: choice, transcript: connection.transcript,
            progress: context.handler)
        let age = context.environment.stopwatch()
        let planning = prepared.planning
        guard let plan = planning.plan else {
            try context.give(planning) { RestorePlanText.refusals(planning, style: context.style) }
            return .refused
        }
        if !choices.dryRun, plan.blockCount == 0 {
            // This completes a restore that was interrupted after its last block.
            _ = try await Restore.run(
                prepared, on: connection.connector, before: before(context), isBeforeChosen: choices.before != nil,
                environment: context.environment, progress: context.handler)
        }
        if choices.dryRun || plan.blockCount == 0 {
            try context.give(planning) {
                RestorePlanText.text(plan, style: context.style, isVerbose: context.isVerbose)
            }
            return choices.dryRun || !leavesSomething(plan) ? .done : .notWhole
        }
        if !choices.yes {
            context.progress.end()
            StandardOutput.write(RestorePlanText.text(plan, style: context.style, isVerbose: context.isVerbose))
            try await confirm(planning, context)
        }
        let report = try await Restore.run(
            prepared, on: connection.connector, before: before(context), isBeforeChosen: choices.before != nil,
            age: age(), environment: context.environment, transcript: connection.transcript, progress: context.handler)
        try context.give(report) { RestorePlanText.text(report, style: context.style) }
        return report.unfinished > 0 || leavesSomething(plan) ? .notWhole : .done
    }

    /// Whether the board still differs from the backup although everything was to be restored.
    private func leavesSomething(_ plan: RestorePlan) -> Bool {
        choices.only.isEmpty && plan.untouched.contains { $0.differs == true }
    }

    private func before(_ context: VerbContext) -> FilePath {
        if let before = choices.before { return FilePath(before) }
        let bag = FilePath(bag).lexicallyNormalized()
        let moment = context.environment.timestamp().filter { $0.isNumber || $0 == "T" }
        let name = "\(bag.lastComponent?.string ?? "backup").before-\(moment)"
        return bag.removingLastComponent().appending(name)
    }

    /// Asks the user to type the board's name.
    private func confirm(_ planning: RestorePlanning, _ context: VerbContext) async throws {
        let name = planning.board.properName ?? `where` ?? bag
        context.screen.lend()
        defer { context.screen.takeBack() }
        let answer = try await TerminalQuestion.ask(
            "To write this, type the board's name, \(SafeText.line(name)): ", isSecret: false)
        guard answer != .nobody else {
            throw FlashkeepError(
                .usage, what: "Nobody can be asked for confirmation.",
                why: "Before a restore, somebody must type the board's name, or --yes must be given.",
                next: "Run it in a terminal, or add --yes once you have seen the plan with --dry-run.")
        }
        guard answer.text?.trimmingBlanks == SafeText.line(name) else {
            throw FlashkeepError(
                .notConfirmed, what: "Nothing was written.",
                why: answer == .endOfInput
                    ? "The input ended before the board's name was typed."
                    : "The text that was typed is not the board's name.",
                next: "Run the same command again when you are ready.")
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
