import FlashModel
import LocalFiles
import SystemPackage

/// The files that turn a folder with a payload into a bag (RFC 8493 section 2).
enum BagFiles {
    /// All files outside of the payload; `bagit.txt`, which identifies a bag, is the first.
    static let tagNames = [
        BagLayout.bagit, BagLayout.tagManifest, BagLayout.payloadManifest, BagLayout.bagInfo, BagLayout.restoreText,
        Manifest.path,
    ]

    /// RFC 8493 section 2.1.1.
    static let bagitText = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

    /// Writes all of them, and makes them and the payload durable. `bagit.txt` is the last.
    static func write(
        in bag: FilePath, manifest: Manifest, manifestBytes: [UInt8], restoreText: String, bagInfo: BagInfo, disk: Disk
    ) throws {
        var payload: [(path: String, sha256: String)] = []
        var octets = 0
        for image in manifest.images {
            payload.append((image.path, image.sha256))
            octets += image.size
        }
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        for name in try disk.names(in: bag.appending(BagLayout.evidence)) {
            let path = BagLayout.evidence + "/" + name
            let file = try disk.openToWrite(bag.appending(path))
            try file.sync()
            let size = try file.size()
            var hash = StreamingChecksum(.sha256)
            try file.stream(0..<size, buffer: &buffer) { hash.update($1) }
            payload.append((path, hash.finalize().hex))
            octets += size
        }
        payload.sort { $0.path < $1.path }

        let texts: [(name: String, bytes: [UInt8])] = [
            (BagLayout.restoreText, Array(restoreText.utf8)),
            (BagLayout.bagInfo, Array(bagInfo.text(octets: octets, streams: payload.count).utf8)),
            (Manifest.path, manifestBytes),
            (BagLayout.payloadManifest, list(payload)),
        ]
        let tags = (texts + [(BagLayout.bagit, Array(bagitText.utf8))])
            .map { (path: $0.name, sha256: StreamingChecksum.digest(of: $0.bytes, .sha256).hex) }
            .sorted { $0.path < $1.path }
        for (name, bytes) in texts { try disk.write(bytes, to: bag.appending(name)) }
        try disk.write(list(tags), to: bag.appending(BagLayout.tagManifest))
        for folder in [BagLayout.images, BagLayout.evidence, "data"] { try disk.syncDirectory(bag.appending(folder)) }
        try disk.syncDirectory(bag)
        try disk.write(Array(bagitText.utf8), to: bag.appending(BagLayout.bagit))
        try disk.syncDirectory(bag)
    }

    /// A list of files in a format that `sha256sum -c` can read.
    private static func list(_ entries: [(path: String, sha256: String)]) -> [UInt8] {
        entries.flatMap { Array("\($0.sha256)  \(BagPath.encoded($0.path))\n".utf8) }
    }
}
