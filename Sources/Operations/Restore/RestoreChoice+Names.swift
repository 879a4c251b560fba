import BackupBags
import FlashModel
import SystemPackage

/// Checks the user's names before anything is read at length: neither the backup nor the board.
extension RestoreChoice {
    /// Checks that the backup has every partition that the user names.
    ///
    /// - Throws: ``FlashkeepError``: `usage` for a name that it does not have; `notABag` and the like if there is no
    ///   backup. An unusable manifest is not reported here: the verification says what is wrong with it.
    func checkNames(in path: FilePath) throws {
        guard !only.isEmpty || !streams.isEmpty else { return }
        let bag = try BagReader.open(path, tolerant: true)
        guard let manifest = try? Manifest.decode(try bag.manifestBytes()) else { return }
        try Self.check(only, of: "--only", in: manifest)
        try Self.check(streams, of: "--skip-bad", in: manifest)
    }

    private static func check(_ typed: [String], of option: String, in manifest: Manifest) throws {
        guard !typed.isEmpty else { return }
        let words = PartitionSelection.words(typed, names: manifest.partitions.map(\.name))
        guard !words.isEmpty else {
            throw FlashkeepError(
                .usage, what: "\(option) is empty.", why: "It names no partition.",
                next: "Give partitions such as mtd3,rootfs, or omit \(option).")
        }
        for word in words {
            let choice = RestoreChoice(only: [word])
            if manifest.partitions.contains(where: { choice.names($0.partition) }) { continue }
            throw FlashkeepError(
                .usage, what: "\(option) \(PrintableText.escaped(word, limit: 60)) is invalid.",
                why: "The backup has no such partition; it has "
                    + manifest.partitions.prefix(30).map(\.title).joined(separator: ", ") + ".",
                next: "Give a label such as \(manifest.partitions.first?.partition.label ?? "mtd0"), or a name from "
                    + "this list.")
        }
    }
}
