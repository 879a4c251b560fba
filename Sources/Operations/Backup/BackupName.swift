internal import BackupBags
internal import FlashModel
internal import LocalFiles
internal import SystemPackage

/// The name of a backup that was given none: the board's and the day, such as `OpenWrt-2026-11-21`.
enum BackupName {
    /// A name that is free, or that of a backup of the same board that was broken off.
    static func target(for survey: Survey, in folder: FilePath, day: String) throws -> FilePath {
        let name = ImageName.sanitized(survey.board.hostname ?? survey.board.model ?? "router")
        // A backup that was broken off yesterday goes on under its old name.
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
