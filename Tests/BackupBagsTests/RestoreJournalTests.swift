import BackupBags
import FlashModel
import SystemPackage
import TestSupport
import Testing

@Suite("The journal of a backup's restores")
struct RestoreJournalTests {
    private static let first = BoardIdentity(macAddresses: ["02:00:00:00:00:01"])
    private static let second = BoardIdentity(macAddresses: ["02:00:00:00:00:02"])

    private func block(_ number: Int) -> RestoreEntry.Block {
        RestoreEntry.Block(image: "data/images/mtd0.bin", offset: number * 2_048, size: 2_048)
    }

    @Test("Half-written and failing blocks are remembered after the end, and when the journal is reopened")
    func memory() throws {
        let folder = try ScratchFolder()
        let bag = folder.path.appending("bag")
        let journal = try RestoreJournal(of: bag)
        #expect(!journal.isOpen && journal.unfinished.isEmpty)
        try journal.append(RestoreEntry(.planned, at: "1", board: Self.first, backup: "before"))
        #expect(journal.isUnderWay && journal.plannedBackup == "before" && journal.earlierBackups.isEmpty)
        try journal.append(RestoreEntry(.backedUp, at: "2", backup: "before"))
        for (act, number) in [
            (RestoreEntry.Act.began, 1), (.done, 1), (.began, 2), (.began, 3), (.failing, 3),
        ] {
            try journal.append(RestoreEntry(act, at: "3", partition: "mtd0", block: block(number)))
        }
        try journal.append(RestoreEntry(.ended, at: "4"))
        try journal.append(RestoreEntry(.planned, at: "5", board: Self.first, backup: "other"))
        try journal.append(RestoreEntry(.ended, at: "6"))
        #expect(journal.unfinished.map(\.block) == [block(2)])
        let again = try RestoreJournal(of: bag)
        #expect(again.unfinished.map(\.block) == [block(2)] && again.isOpen && !again.isUnderWay)
        #expect(again.failing(on: Self.first) == [block(3)] && again.failing(on: Self.second).isEmpty)
        // Without identifying data, it may be the same board.
        #expect(again.failing(on: BoardIdentity()) == [block(3)])
        #expect(again.earlierBackups.isEmpty && again.board == Self.first)
        #expect(again.entries.map(\.at) == ["5", "6"])
    }
}
