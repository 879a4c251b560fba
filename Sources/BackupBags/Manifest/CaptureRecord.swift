/// How and when a backup was made.
package struct CaptureRecord: Sendable, Codable, Hashable {
    /// The version of Flashkeep.
    package var toolVersion: String
    /// The board's address, as typed, without passwords: `root@192.168.1.1`.
    package var address: String
    /// How the flash was accessed, for people: `Linux shell over SSH`.
    package var way: String
    /// RFC 3339, in UTC: `2026-11-21T03:07:20Z`.
    package var startedAt: String
    /// RFC 3339, in UTC.
    package var finishedAt: String
    /// The number of repeated requests.
    package var retries: Int
    /// Command lines used on the board, one of each kind.
    package var commands: [String]
    /// Tools found on the board, with their version if it was asked for: `nanddump` → `mtd-utils 2.1.5`.
    package var tools: [String: String]
    /// The partitions that were asked for, for display: `mtd3 "rootfs"`; nil for all.
    package var only: [String]?

    package init(
        toolVersion: String, address: String, way: String, startedAt: String, finishedAt: String, retries: Int = 0,
        commands: [String] = [], tools: [String: String] = [:], only: [String]? = nil
    ) {
        self.only = only
        self.toolVersion = toolVersion
        self.address = address
        self.way = way
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.retries = retries
        self.commands = commands
        self.tools = tools
    }
}
