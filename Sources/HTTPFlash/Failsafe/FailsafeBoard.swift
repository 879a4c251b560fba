internal import FlashAccess
internal import FlashModel

/// A board in a MediaTek U-Boot whose failsafe pages have a backup: forks of bl-mt798x with a DHCP server. The stock
/// pages only take firmware, and are not read from.
final class FailsafeBoard: FlashBoard {
    /// The paths of a build.
    private struct Paths: Sendable {
        var info: String
        var backup: String

        /// Those for MT798x, and those for MT7621.
        static let all = [
            Paths(info: "/backup/info", backup: "/backup/main"), Paths(info: "/backupinfo", backup: "/backup"),
        ]
    }

    private let client: WebClient
    private let server: WebAddress
    private var readers: [HTTPFlashReader] = []

    private init(_ client: WebClient, _ server: WebAddress) {
        self.client = client
        self.server = server
    }

    /// Finds out whether these are such pages, by a request that every other server takes for a file.
    ///
    /// - Returns: nil if they are not.
    static func recognize(_ client: WebClient, _ address: WebAddress) async throws -> FailsafeBoard? {
        guard let server = WebAddress("/", relativeTo: address),
            let place = WebAddress("/sysinfo", relativeTo: server)
        else { return nil }
        let text = try await client.text(.page(place))
        guard text.head.status == 200, FailsafeSystem(text.bytes) != nil else { return nil }
        return FailsafeBoard(client, server)
    }

    var accessMethod: String { "MediaTek's failsafe page in U-Boot" }

    var retries: Int { readers.map(\.repeats).saturatingSum() }

    func survey() async throws -> SurveyedFlash {
        let found = try await Self.look(client, server)
        let survey = found.survey
        guard let backup = WebAddress(found.paths.backup, relativeTo: server) else { throw noBackup(server, status: 0) }
        var sources: [Int: FailsafeSource] = [:]
        for partition in survey.partitions {
            sources[partition.index] = FailsafeSource(
                address: backup, name: partition.name, title: partition.title, size: partition.size,
                eraseBlockSize: partition.eraseBlockSize)
        }
        let reader = HTTPFlashReader(client, sources)
        readers.append(reader)
        let (client, server) = (client, server)
        return SurveyedFlash(
            survey: survey, evidence: found.evidence, reader: reader, writer: nil,
            layout: HTTPLayoutWatch(survey: survey) { try await Self.look(client, server).survey },
            transfer: HTTPTransferDescription(
                server, commands: ["POST \(backup.url) mode=range target=mtd:NAME start=START end=END"]), hints: .pages)
    }

    private struct Found: Sendable {
        var survey: Survey
        var evidence: [Evidence]
        var paths: Paths
    }

    private static func look(_ client: WebClient, _ server: WebAddress) async throws -> Found {
        var evidence: [Evidence] = []
        func text(_ path: String, _ name: String) async throws -> WebText {
            guard let address = WebAddress(path, relativeTo: server) else { throw noBackup(server, status: 0) }
            let text = try await client.text(.page(address))
            if text.head.status == 200 { evidence.append(Evidence(name: name, bytes: text.bytes)) }
            return text
        }
        guard let system = FailsafeSystem(try await text("/sysinfo", "sysinfo.json").bytes) else {
            throw notUnderstood(server, "/sysinfo")
        }
        let version = try await text("/version", "version.txt")
        var chosen: (Paths, FailsafeFlash)?
        var status = 0
        // A page that is there, in a form that is not known.
        var odd: String?
        for paths in Paths.all where chosen == nil {
            let reply = try await text(paths.info, "backup-info.json")
            status = reply.head.status
            chosen = status == 200 ? FailsafeFlash(reply.bytes).map { (paths, $0) } : nil
            if status == 200, chosen == nil { odd = paths.info }
        }
        guard let (paths, flash) = chosen else {
            if let odd { throw notUnderstood(server, odd) }
            throw noBackup(server, status: status)
        }
        let console = FailsafeConsole(client: client, server: server)
        let devices = try await console.ask(.devices)
        if let devices { evidence.append(Evidence(name: "mtd-list.txt", bytes: devices)) }
        var badBlocks: [String: [UInt8]] = [:]
        let chips = flash.mtd.parts.filter { $0.master == true }.prefix(8)
        for (number, chip) in chips.enumerated() where devices != nil {
            guard let name = FailsafeQuestion.DeviceName(chip.name), let list = try await console.ask(.badBlocks(name))
            else { continue }
            badBlocks[chip.name] = list
            evidence.append(Evidence(name: "mtd-bad-\(number).txt", bytes: list))
        }
        let found = try FailsafeSurvey(
            system, flash, version: version.head.status == 200 ? version.words : nil, devices: devices,
            badBlocks: badBlocks)
        return Found(survey: found.survey, evidence: evidence, paths: paths)
    }
}

private func noBackup(_ server: WebAddress, status: Int) -> FlashkeepError {
    FlashkeepError(
        .toolMissing, what: "The failsafe page of \(WebFailure.name(of: server)) has no backup.",
        why:
            "It is a MediaTek loader, but /backup/info replies with status \(status): the stock pages only take firmware.",
        next: "Read the board from its serial console (serial:/dev/ttyUSB0), or start its Linux and use SSH.")
}

private func notUnderstood(_ server: WebAddress, _ path: String) -> FlashkeepError {
    FlashkeepError(
        .replyNotUnderstood, what: "\(path) of the failsafe page of \(WebFailure.name(of: server)) is not understood.",
        why: "The loader may be newer than those that Flashkeep knows.",
        next: "Please report it, with the file of --transcript FILE. Meanwhile, read the board from its serial console."
    )
}

/// An MTD device of the loader.
///
/// It is read in steps of 64 KiB from the first byte that was asked for. A step at a bad block continues with the next good
/// one, so all that follows within the step is wrong (`failsafe/modules/backup.c`, backup_handler; mtd_read_skip_bad):
/// bad blocks are never part of a request. An uncorrectable page ends the reply.
struct FailsafeSource: DumpSource {
    let address: WebAddress
    let name: String
    let title: String
    let size: Int
    /// 0 if unknown.
    let eraseBlockSize: Int

    var avoidsBadBlocks: Bool { true }
    var unreadStep: Int? { eraseBlockSize > 0 ? eraseBlockSize : 64 << 10 }

    func request(_ range: Range<Int>) -> HTTPRequest { .failsafeRange(address, of: name, range) }

    func accept(
        _ head: HTTPHead, to range: Range<Int>, mayRenew: Bool, words: () async throws -> String
    ) async throws -> AcceptedReply {
        guard head.status == 200 else {
            let said = try await words()
            throw FlashkeepError(
                head.status == 404 ? .partitionVanished : .unreadable, what: "The loader does not give \(title).",
                why: "It replies with status \(head.status)" + (said.isEmpty ? "." : ": \(said)."),
                next: "Check with a browser that its backup page works.")
        }
        if let packing = head.packing { throw packed(packing) }
        guard head.length == .exact(range.count) else { throw otherLength(head.length) }
        return .bytes(start: range.lowerBound, mayBePage: false)
    }

    func truncated(at offset: Int, why: String) -> FlashkeepError {
        FlashkeepError(
            .unreadable, what: "The download of \(title) ends at \(ByteCount.hex(offset)) of \(ByteCount.hex(size)).",
            why: "the loader stops at pages that the ECC cannot repair",
            next: "Read the board from its serial console or over SSH.")
    }
}
