package import FlashModel
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

    /// The size of a complete file with this name, in bytes; nil if there is none.
    ///
    /// - Throws: `targetExists` if something else has the name.
    package func sizeOfExisting(_ name: String) throws -> Int? {
        guard let status = try disk.status(of: path.appending(name)) else { return nil }
        guard status.kind == .file else { throw inTheWay(name) }
        return status.size
    }

    /// Opens a complete file for reading.
    package func openExisting(_ name: String) throws -> OpenFile { try disk.openToRead(path.appending(name)) }

    /// The error for a file that has a name that is needed.
    package func inTheWay(_ name: String) -> FlashkeepError {
        FlashkeepError(
            .targetExists, what: "\(DiskErrors.shown(path.appending(name))) already exists",
            why: "it is not the file of this backup, and files are never overwritten",
            next: "choose another folder, or move it out of the way")
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
        guard try disk.status(of: path.appending(name)) == nil else { throw inTheWay(name) }
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
