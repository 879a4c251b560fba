import FlashModel
package import SystemPackage

/// An open file, closed when its last reference is released.
///
/// Reads and writes specify their offset, so that several tasks can use it at the same time.
package final class OpenFile: Sendable {
    /// Its path, for error texts.
    package let path: FilePath
    package let descriptor: FileDescriptor
    private let disk: Disk

    package init(path: FilePath, descriptor: FileDescriptor, disk: Disk) {
        self.path = path
        self.descriptor = descriptor
        self.disk = disk
    }

    deinit {
        // A child process that is being started may also have the descriptor until it calls exec, and the lock with it.
        SystemCalls.unlock(descriptor)
        try? descriptor.close()
    }

    /// The current size in bytes.
    package func size() throws -> Int {
        try disk.perform("look at", path, nil) { try SystemCalls.status(of: descriptor).size }
    }

    /// Writes all bytes at an offset.
    ///
    /// - Throws: `diskFull` and others; an unknown part of the bytes may then have been written.
    package func write(_ bytes: some Sequence<UInt8>, count: Int, at offset: Int) throws {
        try disk.perform("write", path, .write(path, offset: offset, count: count)) {
            _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
        }
    }

    /// Writes all bytes at an offset.
    package func write(_ bytes: [UInt8], at offset: Int) throws {
        try write(bytes, count: bytes.count, at: offset)
    }

    /// Reads up to `count` bytes, at most as many as `buffer` holds, into its beginning.
    ///
    /// - Returns: the number of bytes read; fewer than requested only at the end of the file.
    package func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws -> Int {
        let wanted = min(count, buffer.count)
        return try disk.perform("read", path, .read(path, offset: offset, count: wanted)) {
            var done = 0
            while done < wanted {
                let place = Int64(offset) + Int64(done)
                let got = try unsafe buffer.withUnsafeMutableBytes { bytes in
                    try unsafe descriptor.read(
                        fromAbsoluteOffset: place, into: UnsafeMutableRawBufferPointer(rebasing: bytes[done..<wanted]))
                }
                if got == 0 { break }
                done += got
            }
            return done
        }
    }

    /// Reads a range in parts.
    ///
    /// - Parameters:
    ///   - buffer: sets the maximum size of a part; no other memory is used.
    ///   - each: called for each part, with its offset.
    /// - Throws: `fileUnavailable` if the file ends before the range does.
    package func stream(
        _ range: Range<Int>, buffer: inout [UInt8], each: (Int, ArraySlice<UInt8>) throws -> Void
    ) throws {
        var place = range.lowerBound
        while place < range.upperBound {
            let got = try read(into: &buffer, count: range.upperBound - place, at: place)
            guard got > 0 else {
                throw FlashkeepError(
                    .fileUnavailable, what: "cannot read \(DiskErrors.shown(path)) at \(ByteCount.hex(place))",
                    why: "the file ends there, before \(ByteCount.hex(range.upperBound))",
                    next: "check that nothing else changes the folder, and run the same command again")
            }
            try each(place, buffer[0..<got])
            place += got
        }
    }

    /// Sets the size to exactly this many bytes; added ones are zero.
    package func truncate(to size: Int) throws {
        try disk.perform("set the size of", path, .truncate(path, size: size)) {
            try descriptor.resize(to: Int64(size))
        }
    }

    /// Makes its bytes durable, so that they survive a power failure.
    package func sync() throws {
        try disk.perform("save", path, .sync(path)) { try SystemCalls.syncData(descriptor) }
    }
}
