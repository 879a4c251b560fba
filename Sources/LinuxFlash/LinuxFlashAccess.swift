package import BoardChannels
import BoardConsoles
package import FlashAccess
import FlashModel
private import Transfers

/// Access to the flash of a board that runs Linux, through a shell.
package final class LinuxFlashAccess {
    private let shell: ShellSession
    private let root: String
    private let toolbox: LinuxToolbox
    /// The replies to the probes in ``LinuxProbes/ofTools``.
    private let toolReplies: [String: ShellReply]
    private let files: OwnFiles
    private let nodes: DeviceNodes
    private let plan: TransferPlan
    private let frames: LinuxFrameReader
    private let digests: LinuxChecksums
    /// Shared by all surveys, so that a method proven once stays proven.
    private let writer: LinuxFlashWriter

    /// The traits of the channel to the shell.
    package var channelTraits: ChannelTraits { shell.console.channel.traits }

    /// The number of frames and commands that had to be repeated.
    package var retries: Int { frames.repeatedFrames + shell.retries + writer.repeats }

    private init(
        shell: ShellSession, root: String, toolbox: LinuxToolbox, toolReplies: [String: ShellReply], plan: TransferPlan,
        files: OwnFiles, network: LinuxNetwork?, beside: ChannelBeside?
    ) {
        self.toolReplies = toolReplies
        self.shell = shell
        self.root = root
        self.toolbox = toolbox
        self.plan = plan
        self.files = files
        nodes = DeviceNodes(shell: shell, files, root: root, canMake: toolbox.has("mknod"))
        frames = LinuxFrameReader(shell, nodes, root: root, toolbox, plan, network)
        digests = LinuxChecksums(shell, nodes, toolbox, isReliable: plan.isReliable)
        writer = LinuxFlashWriter(shell, nodes, root: root, toolbox, isReliable: plan.isReliable, beside)
    }

    /// Runs the body with access to the board behind a shell, then removes what was created on the board for it.
    ///
    /// - Parameters:
    ///   - root: a prefix of all paths, for tests: a folder that looks like a board.
    ///   - network: this computer and the user's settings for a network beside the shell; nil for none.
    ///   - beside: opens further channels to the same board; nil for none.
    /// - Throws: ``FlashkeepError`` with `toolMissing` if the board does not even have `dd`.
    package static func withAccess<Result: Sendable>(
        _ shell: ShellSession, root: String = "",
        network: (host: any LinuxNetworkHost, settings: LinuxNetworkSettings)? = nil, beside: ChannelBeside? = nil,
        body: (LinuxFlashAccess) async throws -> Result
    ) async throws -> Result {
        var replies: [String: ShellReply] = [:]
        for probe in LinuxProbes.all(root: root) where LinuxProbes.ofTools.contains(probe.name) {
            replies[probe.name] = try await shell.run(probe.command)
        }
        let toolbox = LinuxToolbox(LinuxTools(replies.mapValues { LinuxProbeReply($0) }))
        guard toolbox.has("dd") else {
            throw FlashkeepError(
                .toolMissing, what: "The board has no dd.", why: "Flash is read block by block, which needs it.",
                next: "Back up from the bootloader, or start an initramfs that has busybox with dd.")
        }
        let plan = try await TransferPlan.choose(shell, toolbox)
        let files = OwnFiles(shell)
        let access = LinuxFlashAccess(
            shell: shell, root: root, toolbox: toolbox, toolReplies: replies, plan: plan, files: files,
            network: network.map { LinuxNetwork($0.settings, $0.host, shell, toolbox, files, root: root) },
            beside: beside)
        let result = try await withShieldedCleanup {
            try await body(access)
        } cleanup: {
            await access.writer.close()
        }
        // Not after an error: the board may no longer answer.
        await files.removeAll()
        return result
    }

    // MARK: Survey

    package func survey() async throws -> SurveyedFlash {
        var replies: [String: LinuxProbeReply] = [:]
        var evidence: [Evidence] = []
        var lost: [String] = []
        for probe in LinuxProbes.all(root: root) {
            let reply: ShellReply
            do {
                if let known = toolReplies[probe.name] {
                    reply = known
                } else {
                    reply = try await shell.run(probe.command, mayGrow: LinuxProbes.growing.contains(probe.name))
                }
            } catch let error as FlashkeepError
                where error.code == .replyNotUnderstood && !LinuxProbes.indispensable.contains(probe.name)
            {
                // A missing reply leaves things unknown, but nothing wrong.
                lost.append(probe.name)
                continue
            }
            replies[probe.name] = LinuxProbeReply(reply)
            if !reply.output.isEmpty { evidence.append(Evidence(name: probe.name, bytes: reply.output)) }
        }
        // Anybody can read a folder that looks like a board; only root can read a board.
        if root.isEmpty, let user = LinuxSurvey.userID(replies: replies), user != 0 { throw notRoot(user) }
        var survey = try LinuxSurvey.assemble(replies: replies)
        if let maps = try await mapsOfMissingNodes(survey) {
            replies[LinuxProbes.blockMaps, default: LinuxProbeReply(output: [], exitStatus: 0)].output += maps
            evidence.append(Evidence(name: "own-nodes-\(LinuxProbes.blockMaps)", bytes: maps))
            survey = try LinuxSurvey.assemble(replies: replies)
        }
        survey.warnings += lost.map { "two replies of the board for \($0) never agreed, so it is left out" }
        return SurveyedFlash(
            survey: survey, evidence: evidence, reader: LinuxFlashReader(frames, digests, toolbox), writer: writer,
            layout: LinuxLayoutWatch(shell: shell, root: root, replies: replies, survey: survey),
            transfer: LinuxTransferDescription(
                plan: plan, toolbox: toolbox, frames: frames, isSlow: channelTraits.isSlow), hints: .linux)
    }

    // MARK: Read-only partitions

    package func unlock() async throws { try await KernelUnlock(shell, root: root).load() }

    package func lock() async throws { try await KernelUnlock(shell, root: root).unload() }

    // MARK: Helpers

    /// Returns mtdinfo's reports on bad blocks if the board has the tool but lacks the nodes that it needs; nil if
    /// there is nothing to add.
    private func mapsOfMissingNodes(_ survey: Survey) async throws -> [UInt8]? {
        guard toolbox.has("mtdinfo") else { return nil }
        var maps: [UInt8] = []
        for partition in survey.partitions where partition.badBlocks?.isComplete == false {
            do {
                let node = try await nodes.node(for: partition.index, forTools: true)
                let name = "mtd\(partition.index)"
                let reply = try await shell.run(
                    "echo '== \(name)';\(toolbox.invocation("mtdinfo")) -M \(ShellWord.quoted(node))")
                if reply.status == 0 { maps += reply.output }
            } catch let error as FlashkeepError where error.code == .unreadable || error.code == .replyNotUnderstood {
                // The bad blocks stay unknown, and are reported as such.
                continue
            }
        }
        return maps.isEmpty ? nil : maps
    }

    private func notRoot(_ user: Int) -> FlashkeepError {
        FlashkeepError(
            .notRoot, what: "The user logged in on \(shell.console.channel.traits.address) cannot read flash.",
            why:
                "Its user ID is \(user); only root, user ID 0, may open the MTD devices. Flashkeep does not use sudo "
                + "or su.",
            next: "Log in as root: root@HOST, telnet://root@HOST, or ?user=root on a serial line.")
    }
}
