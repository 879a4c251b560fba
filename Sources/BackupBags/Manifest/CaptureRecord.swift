/// How and when a backup was made.
package struct CaptureRecord: Sendable, Codable, Hashable {
    /// Of Flashkeep.
    package var toolVersion: String
    /// Where the board was, as typed, without passwords: `root@192.168.1.1`.
    package var address: String
    /// How its flash was reached, in words: `Linux shell over SSH`.
    package var way: String
    /// RFC 3339, in UTC: `2026-11-21T03:07:20Z`.
    package var startedAt: String
    /// RFC 3339, in UTC.
    package var finishedAt: String
    /// How often something had to be asked for again.
    package var retries: Int
    /// Command lines that were used on the board, each kind once.
    package var commands: [String]
    /// Tools that the board has, with their generation where it was asked: `nanddump` → `mtd-utils 2.1.5`.
    package var tools: [String: String]

    package init(
        toolVersion: String, address: String, way: String, startedAt: String, finishedAt: String, retries: Int = 0,
        commands: [String] = [], tools: [String: String] = [:]
    ) {
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
