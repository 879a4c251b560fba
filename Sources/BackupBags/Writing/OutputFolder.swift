import FlashModel
package import LocalFiles
package import SystemPackage

/// A folder that files are put into, each under its name only when it is whole, and never in place of another.
package struct OutputFolder: Sendable {
    package let path: FilePath
    private let disk: Disk

    /// Makes the folder, if it is not there.
    package init(_ path: FilePath, disk: Disk = Disk()) throws {
        self.path = path
        self.disk = disk
        // Here a link to a folder is as good as one: it is the user who named it.
        if try disk.status(of: path)?.kind != .symbolicLink { try disk.makeDirectory(path) }
    }

    /// - Throws: `targetExists` where one of these is there already.
    package func refuseExisting(_ names: [String]) throws {
        for name in names where try disk.status(of: path.appending(name)) != nil {
            throw FlashkeepError(
                .targetExists, what: "\(DiskErrors.shown(path.appending(name))) is there already",
                why: "files are never overwritten", next: "choose another folder, or move it out of the way")
        }
    }

    private func partial(_ name: String) -> FilePath { path.appending(name + BagLayout.partialSuffix) }

    /// A new file that is to have this name in the end. What a run that was broken off left of it is gone.
    package func begin(_ name: String) throws -> OpenFile {
        try disk.remove(partial(name))
        return try disk.createNew(partial(name))
    }

    /// Makes a file have the bytes of a range of another without copying them.
    ///
    /// - Returns: false where the file system cannot; nothing has changed then.
    package func share(_ source: OpenFile, _ range: Range<Int>, with file: OpenFile) -> Bool {
        SystemCalls.share(source.descriptor, range, with: file.descriptor)
    }

    /// Gives a file its name.
    package func finish(_ name: String) throws {
        try refuseExisting([name])
        try disk.rename(partial(name), to: path.appending(name))
    }

    /// Removes what was begun.
    package func giveUp(_ name: String) throws {
        try disk.remove(partial(name))
    }

    /// Makes the names durable.
    package func sync() throws {
        try disk.syncDirectory(path)
    }
}
