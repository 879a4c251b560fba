import FlashModel
package import LocalFiles
package import SystemPackage

/// A folder for output files: each gets its name only when it is complete, and never replaces another.
package struct OutputFolder: Sendable {
    package let path: FilePath
    private let disk: Disk

    /// Makes the folder unless it exists.
    package init(_ path: FilePath, disk: Disk = Disk()) throws {
        self.path = path
        self.disk = disk
        // A link to a folder is acceptable here, because the user named it.
        if try disk.status(of: path)?.kind != .symbolicLink { try disk.makeDirectory(path) }
    }

    /// - Throws: `targetExists` if one of the names exists.
    package func refuseExisting(_ names: [String]) throws {
        for name in names where try disk.status(of: path.appending(name)) != nil {
            throw FlashkeepError(
                .targetExists, what: "\(DiskErrors.shown(path.appending(name))) already exists",
                why: "files are never overwritten", next: "choose another folder, or move it out of the way")
        }
    }

    private func partial(_ name: String) -> FilePath { path.appending(name + BagLayout.partialSuffix) }

    /// Creates a file that will later get this name. The remainder of an interrupted run is removed.
    package func begin(_ name: String) throws -> OpenFile {
        try disk.remove(partial(name))
        return try disk.createNew(partial(name))
    }

    /// Makes a file share a range of another file's bytes, without copying them.
    ///
    /// - Returns: false if the file system does not support it; nothing has changed then.
    package func share(_ source: OpenFile, _ range: Range<Int>, with file: OpenFile) -> Bool {
        SystemCalls.share(source.descriptor, range, with: file.descriptor)
    }

    /// Gives a complete file its name.
    package func finish(_ name: String) throws {
        try refuseExisting([name])
        try disk.rename(partial(name), to: path.appending(name))
    }

    /// Removes an incomplete file.
    package func giveUp(_ name: String) throws {
        try disk.remove(partial(name))
    }

    /// Makes the names durable.
    package func sync() throws {
        try disk.syncDirectory(path)
    }
}
