internal import FlashAccess
internal import FlashModel

/// Describes how a loader's partitions are read.
struct EVATransferDescription: TransferDescribing {
    let transferName = "FTP"
    /// Measuring would read a partition several times, as it can only be read whole. No measurement is known: this is a
    /// little more than uploads with writing have (U-Boot for the Fritz!Box 4040: 337 KB/s).
    let usualRate: Int? = 512 << 10
    let commands: [String]

    init(_ survey: Survey) {
        let names = survey.partitions.compactMap { EVAPartitionName($0.index) }
        commands = names.prefix(1).flatMap { name in
            [EVACommand.passive(.usual), .retrieve(name), .check(name)].map(\.line)
        }
    }
}

/// Watches a loader's table: it is asked for again.
struct EVALayoutWatch: LayoutWatching {
    let survey: Survey
    let link: EVALink

    func changes() async throws -> [LayoutChange] {
        let facts = try await link.withSession { session in try await session.facts() }
        return LayoutChange.between(survey, try EVASurvey(facts).survey)
    }
}
