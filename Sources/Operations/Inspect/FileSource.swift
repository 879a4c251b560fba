import ImageFormats
import LocalFiles

/// A file, read at any place. Not mapped: a file that becomes shorter would kill the program.
struct FileSource: ByteSource {
    private let file: OpenFile
    let size: Int

    /// - Parameter size: the size when it was opened; what was added later is ignored.
    init(_ file: OpenFile, size: Int) {
        (self.file, self.size) = (file, size)
    }

    func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws -> Int {
        try file.read(into: &buffer, count: min(count, max(0, size - offset)), at: offset)
    }
}
