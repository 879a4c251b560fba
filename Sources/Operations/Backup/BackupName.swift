internal import BackupBags
internal import FlashModel
internal import LocalFiles
internal import SystemPackage

/// The default name of a backup: the board's name and the day, such as `OpenWrt-2026-11-21`.
enum BackupName {
    /// Returns an unused path, or that of an interrupted backup of the same name.
    static func target(for survey: Survey, in folder: FilePath, day: String) throws -> FilePath {
        let name = ImageName.sanitized(survey.board.properName ?? "router")
        // A backup interrupted yesterday is resumed under its old name.
        if let begun = unfinished(name, in: folder) { return begun }
        let base = "\(name)-\(day)"
        for number in 1...999 {
            let target = folder.appending(number == 1 ? base : "\(base)-\(number)")
            if !exists(target) { return target.lexicallyNormalized() }
        }
        throw FlashkeepError(
            .targetExists, what: "No name is free for the backup in \(folder).",
            why: "\(base) and 998 variants of it already exist.",
            next: "Name it with --to.")
    }

    private static func unfinished(_ name: String, in folder: FilePath) -> FilePath? {
        let names = (try? Disk().names(in: folder)) ?? []
        let begun = names.filter { $0.hasPrefix(name + "-") && $0.hasSuffix(".partial") }
            .filter { $0.dropFirst(name.count + 1).first?.isNumber == true }
        return begun.max().map { folder.appending(String($0.dropLast(".partial".count))).lexicallyNormalized() }
    }

    private static func exists(_ path: FilePath) -> Bool {
        (try? FileDescriptor.open(path, .readOnly).close()) != nil
    }
}
