import FlashModel
import LocalFiles
import SystemPackage

/// The journal's claims about the images, and a check against the files.
struct Recovery {
    /// The sizes of the planned images; claims about others are ignored.
    let sizes: [String: Int]
    /// Remarks, for people.
    private(set) var notes: [String] = []

    private var claims: [String: Claim] = [:]
    private var order: [String] = []

    private struct Claim {
        var segments = Segments()
        var findings: [BlockFinding] = []
    }

    init(sizes: [String: Int]) {
        self.sizes = sizes
    }

    /// Processes the next line of the journal.
    mutating func take(_ line: JournalLine) {
        guard let size = sizes[line.image], line.fits(size) else { return }
        if claims[line.image] == nil { order.append(line.image) }
        switch line.act {
        case .bytes:
            let range = line.offset..<(line.offset + line.length)
            var claim = claims[line.image, default: Claim()]
            // Overlapped segments are dropped entirely, with their findings: the rest of them has its own lines.
            for segment in claim.segments.touching(range) { claim.findings = claim.findings.removing(segment.range) }
            claim.segments.insert(Segment(range: range, crc32: line.crc32))
            claim.findings += line.findings ?? []
            claims[line.image] = claim
        case .mark:
            claims[line.image, default: Claim()].findings += line.findings ?? []
        case .discard:
            claims[line.image] = Claim()
        }
    }

    /// Reads every claimed byte once, and keeps the segments whose checksum matches.
    mutating func checkedImages(in bag: FilePath, disk: Disk) throws -> [ImageState] {
        var images: [ImageState] = []
        for path in order {
            guard let claim = claims[path], let size = sizes[path], BagPath.isSafe(path) else { continue }
            let place = bag.appending(path)
            guard try disk.status(of: place)?.kind == .file else { continue }
            let file = try disk.openToWrite(place)
            if try file.size() != size { try file.truncate(to: size) }
            var image = ImageState(path: path, size: size, file: file)
            let dropped = try check(claim, into: &image)
            if dropped > 0 {
                notes.append(
                    "\(ByteCount.text(dropped)) of \(PlainText.line(path)) were damaged on this computer's disk and "
                        + "will be read again"
                )
            }
            images.append(image)
        }
        return images
    }

    /// - Returns: the number of bytes that were claimed and are not there.
    private func check(_ claim: Claim, into image: inout ImageState) throws -> Int {
        var buffer = [UInt8](repeating: 0, count: Disk.bufferSize)
        var dropped = 0
        for segment in claim.segments.all {
            var crc = StreamingChecksum(.crc32)
            // The hash is computed along the way, so that bytes in order are not read again at the end.
            var ahead = image
            try image.file.stream(segment.range, buffer: &buffer) { offset, bytes in
                crc.update(bytes)
                ahead.takeIntoHash(bytes, at: offset)
            }
            if UInt32(crc.finalize().hex, radix: 16) == segment.crc32 {
                image.hash = ahead.hash
                image.hashed = ahead.hashed
                image.segments.insert(segment)
            } else {
                dropped += segment.range.count
            }
        }
        for finding in claim.findings {
            var held = [finding]
            for hole in image.segments.missing(in: finding.range) { held = held.removing(hole) }
            image.findings += held
        }
        return dropped
    }
}
