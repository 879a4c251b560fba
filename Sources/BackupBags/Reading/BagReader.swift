import FlashModel
package import LocalFiles
package import SystemPackage

/// A file in a bag.
package struct BagFile: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case symbolicLink
        /// A pipe, socket or device, or a name that is not UTF-8.
        case other
    }

    /// The path in the bag, with `/`.
    package var path: String
    package var kind: Kind
    /// The size in bytes.
    package var size: Int
}

/// A finished backup, opened for reading. Nothing in it is trusted: it may come from anywhere.
package final class BagReader: Sendable {
    /// The path of the backup.
    package let path: FilePath
    /// The BagIt version: `1.0` or `0.97`.
    package let version: String
    /// The fields of `bag-info.txt`.
    package let info: [BagInfoField]
    /// The entries of `manifest-sha256.txt`.
    package let payload: [BagEntry]
    /// The entries of `tagmanifest-sha256.txt`.
    package let tags: [BagEntry]
    /// The problems of the manifests themselves, one line each; always empty unless opened with `tolerant`.
    package let problems: [String]

    private let root: OpenFile
    private let disk: Disk

    private init(
        path: FilePath, version: String, info: [BagInfoField], payload: [BagEntry], tags: [BagEntry],
        problems: [String], root: OpenFile, disk: Disk
    ) {
        self.path = path
        self.version = version
        self.info = info
        self.payload = payload
        self.tags = tags
        self.problems = problems
        self.root = root
        self.disk = disk
    }

    /// The maximum size of a list of files in bytes.
    private static let listLimit = 16 << 20
    /// The maximum number of files in a bag; ours have a few dozen.
    private static let filesLimit = 100_000

    // MARK: Opening

    /// Opens a backup and reads its lists. This does not check images.
    ///
    /// - Parameter tolerant: whether broken lists become ``problems`` instead of an error, as a verification needs.
    /// - Throws: `notABag`, `bagIncomplete` if it was never finished, `bagDamaged`, `bagUnsafePath`, `fileUnavailable`.
    package static func open(_ path: FilePath, tolerant: Bool = false, disk: Disk = Disk()) throws -> BagReader {
        let root = try disk.perform("open the backup", path, .open(path, creating: false)) {
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        }
        let rootFile = disk.file(root, at: path)
        guard try disk.perform("look at", path, nil, { try SystemCalls.status(of: root) }).kind == .directory else {
            throw notABag(path, "it is a file, and a backup is a folder")
        }
        let names = Set(
            try disk.perform("look into", path, nil) { try SystemCalls.names(in: root, limit: filesLimit) }
                .compactMap { $0 })
        try refusePartial(path, names)
        guard names.contains(BagLayout.bagit) else { throw notABag(path, "it has no \(BagLayout.bagit)") }

        func read(_ name: String, limit: Int) throws -> [UInt8] {
            try file(name, in: rootFile, disk: disk).readAll(limit: limit)
        }
        var problems: [String] = []
        let version = try version(
            try read(BagLayout.bagit, limit: 4096), path, names, tolerant: tolerant, problems: &problems)

        var info: [BagInfoField] = []
        if names.contains(BagLayout.bagInfo) {
            let parsed = BagTagParser.info(try read(BagLayout.bagInfo, limit: 1 << 20))
            info = parsed.fields
            problems += parsed.problems
        }
        func list(_ name: String, isPayload: Bool) throws -> [BagEntry] {
            guard names.contains(name) else {
                problems.append("\(name) is missing")
                return []
            }
            let parsed = try BagTagParser.entries(
                try read(name, limit: listLimit), name: name, isPayload: isPayload, allowsAsterisk: version == "0.97")
            problems += parsed.problems
            return parsed.entries
        }
        let payload = try list(BagLayout.payloadManifest, isPayload: true)
        let tags = try list(BagLayout.tagManifest, isPayload: false)
        if !tolerant, let problem = problems.first {
            throw FlashkeepError(
                .bagDamaged, what: "the backup \(DiskErrors.shown(path)) is damaged", why: problem,
                next: "run flashkeep verify on it for the full list, or use another copy")
        }
        return BagReader(
            path: path, version: version, info: info, payload: payload, tags: tags, problems: problems,
            root: rootFile, disk: disk)
    }

    /// The version that a bag declares, if it is one that is known here and the bag is whole.
    private static func version(
        _ declaration: [UInt8], _ path: FilePath, _ names: Set<String>, tolerant: Bool, problems: inout [String]
    ) throws -> String {
        // A folder with our manifest and a damaged declaration is a damaged backup, not something else.
        let isOurs = tolerant && names.contains(Manifest.path)
        let declared = BagTagParser.version(declaration)
        if declared == nil {
            guard isOurs else { throw notABag(path, "its \(BagLayout.bagit) is not valid") }
            problems.append("\(BagLayout.bagit) is not valid")
        }
        let version = declared ?? "1.0"
        guard version == "1.0" || version == "0.97" else {
            throw notABag(
                path,
                "it is a bag of version \(PlainText.line(version)), and only 0.97 and 1.0 are supported")
        }
        guard !names.contains("fetch.txt") else {
            throw FlashkeepError(
                .bagIncomplete, what: "\(DiskErrors.shown(path)) is incomplete",
                why: "it has a fetch.txt: some of its files are still elsewhere",
                next: "fetch them with the program that made this bag")
        }
        return version
    }

    private static func refusePartial(_ path: FilePath, _ names: Set<String>) throws {
        let last = path.lastComponent?.string ?? ""
        let above = path.removingLastComponent().lastComponent?.string ?? ""
        let isPartial =
            last.hasSuffix(BagLayout.partialSuffix) || (last == "bag" && above.hasSuffix(BagLayout.partialSuffix))
            || names.isSuperset(of: ["bag", "identity.json"])
        if isPartial {
            throw FlashkeepError(
                .bagIncomplete, what: "\(DiskErrors.shown(path)) is a backup that was never finished",
                why: "it was interrupted, or is being made right now",
                next: "run the same backup command again: it resumes")
        }
    }

    private static func notABag(_ path: FilePath, _ why: String) -> FlashkeepError {
        FlashkeepError(
            .notABag, what: "\(DiskErrors.shown(path)) is not a backup", why: why,
            next: "give the folder that flashkeep backup made: it has a \(BagLayout.bagit) and a \(Manifest.path)")
    }

    // MARK: Files

    /// Opens a file of the bag for reading.
    ///
    /// - Throws: `bagUnsafePath` if the path leads out of the bag or through a symbolic link, `fileUnavailable`.
    package func file(_ path: String) throws -> OpenFile {
        try Self.file(path, in: root, disk: disk)
    }

    private static func file(_ path: String, in root: OpenFile, disk: Disk) throws -> OpenFile {
        guard BagPath.isSafe(path) else { throw BagTagParser.unsafePath(path, in: "a backup") }
        let place = root.path.appending(path)
        var components = BagPath.components(path)
        let name = components.removeLast()
        // Each directory is opened within the previous one and never through a link, so that a path cannot lead
        // elsewhere even if the folder is changed meanwhile.
        var directory = root
        var passed = root.path
        for component in components {
            passed = passed.appending(component)
            let descriptor = try refusingLinks(passed, disk) {
                try SystemCalls.openDirectory(component, in: directory.descriptor)
            }
            directory = disk.file(descriptor, at: passed)
        }
        let descriptor = try refusingLinks(place, disk) {
            try disk.perform("open", place, .open(place, creating: false)) {
                try SystemCalls.openFile(name, in: directory.descriptor)
            }
        }
        let file = disk.file(descriptor, at: place)
        guard try disk.perform("look at", place, nil, { try SystemCalls.status(of: descriptor) }).kind == .file else {
            throw FlashkeepError(
                .fileUnavailable, what: "cannot read \(DiskErrors.shown(place))", why: "it is not a regular file",
                next: "use another copy of the backup")
        }
        return file
    }

    private static func refusingLinks<Result>(
        _ place: FilePath, _ disk: Disk, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch {
            // The errno for a link depends on flags and system, so check for a link directly.
            if try disk.status(of: place)?.kind == .symbolicLink {
                throw FlashkeepError(
                    .bagUnsafePath, what: "\(DiskErrors.shown(place)) is a symbolic link",
                    why: "a backup has only regular files; a link can lead anywhere",
                    next: "do not trust this backup, or replace the link with the actual file")
            }
            if let number = error as? Errno { throw DiskErrors.error(number, "open", place) }
            throw error
        }
    }

    /// All files in the bag, listed or not, ascending by path. Directories are searched, not returned.
    package func files() throws -> [BagFile] {
        var found: [BagFile] = []
        var directories: [String] = [""]
        while let directory = directories.popLast() {
            var descriptor = root
            var place = path
            for component in BagPath.components(directory) {
                place = place.appending(component)
                let opened = try Self.refusingLinks(place, disk) {
                    try SystemCalls.openDirectory(component, in: descriptor.descriptor)
                }
                descriptor = disk.file(opened, at: place)
            }
            let names = try disk.perform("look into", place, nil) {
                try SystemCalls.names(in: descriptor.descriptor, limit: Self.filesLimit)
            }
            for name in names {
                let path = (directory.isEmpty ? "" : directory + "/") + (name ?? "\u{FFFD}")
                guard let name, BagPath.isSafe(path) else {
                    found.append(BagFile(path: path, kind: .other, size: 0))
                    continue
                }
                let status = try disk.perform("look at", place.appending(name), nil) {
                    try SystemCalls.status(of: name, in: descriptor.descriptor)
                }
                switch status.kind {
                case .directory: directories.append(path)
                case .file: found.append(BagFile(path: path, kind: .file, size: status.size))
                case .symbolicLink: found.append(BagFile(path: path, kind: .symbolicLink, size: 0))
                case .other: found.append(BagFile(path: path, kind: .other, size: 0))
                }
            }
            guard found.count + directories.count <= Self.filesLimit else {
                throw DiskErrors.error(.outOfRange, "look into", path)
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    // MARK: Manifest

    /// The backup's manifest.
    ///
    /// - Throws: `bagDamaged` if the file does not match the bag's checksum, `manifestTooNew`, `manifestInvalid`.
    package func manifest() throws -> Manifest {
        let bytes = try manifestBytes()
        if let entry = tags.first(where: { $0.path == Manifest.path }),
            StreamingChecksum.digest(of: bytes, .sha256).hex != entry.sha256
        {
            throw FlashkeepError(
                .bagDamaged, what: "the backup \(DiskErrors.shown(path)) is damaged",
                why: "its \(Manifest.path) was changed after the backup was made",
                next: "run flashkeep verify on it for the full list, or use another copy")
        }
        return try Manifest.decode(bytes)
    }

    /// The bytes of `flashkeep.json`.
    package func manifestBytes() throws -> [UInt8] {
        do {
            return try file(Manifest.path).readAll(limit: Manifest.sizeLimit)
        } catch let error as FlashkeepError where error.code == .fileUnavailable {
            throw FlashkeepError(
                .manifestInvalid, what: "\(DiskErrors.shown(path)) has no readable \(Manifest.path)",
                why: error.why,
                next: "it may be a bag made by other software: its files are below data/")
        }
    }
}
