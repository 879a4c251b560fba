internal import FlashAccess

/// A folder on a board from which its web server may take files. Pure.
package struct WebRoot: Sendable, Hashable {
    /// The folder, without links.
    package var folder: String
    /// The path of the folder in the server's addresses; begins and ends with a slash.
    package var path: String
    /// The type of the file system it is on, such as `tmpfs`.
    package var fileSystem: String

    /// Whether it is kept in memory: what is written there never reaches flash (Linux
    /// `Documentation/filesystems/ramfs-rootfs-initramfs.rst`).
    package var isInMemory: Bool { ["tmpfs", "ramfs", "rootfs"].contains(fileSystem) }

    /// Reads what ``WebRootQuestions/folders(_:)`` prints.
    ///
    /// - Parameters:
    ///   - text: the output.
    ///   - folders: those that were asked about, in the order of preference.
    ///   - mounts: the board's file systems.
    ///   - root: a prefix of all paths on the board, for tests.
    package static func all(in text: String, folders: [String], mounts: Mounts, root: String = "") -> [WebRoot] {
        var found: [WebRoot] = []
        for line in text.split(whereSeparator: \.isNewline).prefix(1_000) {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].hasPrefix("/"), parts.allSatisfy({ $0.utf8.count <= 512 }) else {
                continue
            }
            let (name, physical) = (String(parts[0]), String(parts[1]))
            guard let folder = folders.first(where: { name == $0 || name.hasPrefix("\($0)/") }) else { continue }
            let rest = name.dropFirst(folder.count).split(separator: "/")
            let path = rest.isEmpty ? "/" : "/\(rest.joined(separator: "/"))/"
            let own = physical.hasPrefix(root) ? String(physical.dropFirst(root.count)) : physical
            let made = WebRoot(
                folder: physical, path: path,
                fileSystem: mounts.type(of: own.isEmpty ? "/" : own) ?? "an unknown file system")
            if !found.contains(made) { found.append(made) }
        }
        return found
    }
}

extension Mounts {
    /// The type of the file system that has a path; nil if it is unknown. Of several on the same folder, the last covers
    /// the others.
    func type(of path: String) -> String? {
        func holds(_ target: String) -> Bool { target == "/" || path == target || path.hasPrefix("\(target)/") }
        let depth = entries.filter { holds($0.target) }.map(\.target.utf8.count).max()
        return entries.last { holds($0.target) && $0.target.utf8.count == depth }?.type
    }
}
