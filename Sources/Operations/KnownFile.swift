import BackupBags
import FlashAccess
package import LocalFiles
package import SystemPackage

/// A file whose bytes need not be read from a board again: an image of an earlier backup, or a firmware file.
package struct KnownFile: ContentSource {
    private let file: OpenFile
    package let size: Int

    private init(_ file: OpenFile, size: Int) {
        self.file = file
        self.size = size
    }

    package func read(offset: Int, count: Int) throws -> [UInt8] {
        guard count > 0, offset >= 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try file.read(into: &bytes, count: count, at: offset)
        return Array(bytes[..<got])
    }

    /// Returns the files that a path stands for: the images of a backup, or the file itself.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `fileUnavailable`, and errors of opening a backup.
    package static func all(at path: FilePath, disk: Disk = Disk()) throws -> [KnownFile] {
        let named = try disk.openNamed(path)
        guard named.isDirectory else { return [KnownFile(named.file, size: try named.file.size())] }
        let bag = try BagReader.open(path, disk: disk)
        return try bag.manifest().images.filter { $0.representation == .data }.map { image in
            KnownFile(try bag.file(image.path), size: image.size)
        }
    }
}
