internal import FlashAccess
internal import FlashModel

/// Watches the MTD devices of a running Linux.
struct LinuxLayoutWatch: LayoutWatching {
    let shell: ShellSession
    /// A prefix of all paths.
    let root: String
    /// The replies to all probes of the survey, by probe name.
    let replies: [String: LinuxProbeReply]
    let survey: Survey

    func changes() async throws -> [LayoutChange] {
        var replies = replies
        for probe in LinuxProbes.all(root: root) where LinuxProbes.ofState.contains(probe.name) {
            replies[probe.name] = LinuxProbeReply(try await shell.run(probe.command))
        }
        return LayoutChange.between(survey, try LinuxSurvey.assemble(replies: replies))
    }
}
