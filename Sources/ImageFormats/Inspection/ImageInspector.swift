/// Finds out what is inside an image. Pure; the caller may run the jobs of each step on several threads:
///
/// 1. ``scan(_:of:buffer:)`` for each chunk,
/// 2. ``jobs(_:)``, then ``examine(_:of:)`` for each,
/// 3. ``map(_:_:of:)``, then ``contents(of:in:)`` for each of ``partOwners(in:)``.
package struct ImageInspector: Sendable {
    /// The most findings of one format that are kept.
    static let findingLimit = 4096
    /// The most findings whose parts are inspected, on each level.
    static let ownerLimit = 256
    /// The most levels of content within content.
    static let deepest = 3

    private let table: SignatureTable
    /// How many levels this is inside the image.
    private let depth: Int

    package init(_ table: SignatureTable = ContentFormats.table) {
        self.init(table, depth: 0)
    }

    private init(_ table: SignatureTable, depth: Int) {
        (self.table, self.depth) = (table, depth)
    }

    /// The most bytes of a packed part that are unpacked to be inspected; less on deeper levels, because all levels are
    /// in memory at once.
    private var unpackLimit: Int { depth == 0 ? 24 << 20 : 8 << 20 }

    // MARK: Steps

    /// Scans a chunk.
    ///
    /// - Parameter index: below ``ChunkScanner/count(size:)``.
    package func scan(_ index: Int, of source: any ByteSource, buffer: inout [UInt8]) throws -> ChunkScan {
        try ChunkScanner(table).scan(index, of: source, buffer: &buffer)
    }

    /// The places where one format could start.
    package struct Job: Sendable {
        var format: Int
        /// Sorted, each once.
        var starts: [Int]
        var isOverfull: Bool
    }

    /// What the examination of one format found.
    package struct Examined: Sendable {
        var findings: [Finding] = []
        var notes: [String] = []
    }

    /// The jobs that examine what the scan found, the longest first.
    package func jobs(_ scans: [ChunkScan]) -> [Job] {
        var starts: [Int: [Int]] = [:]
        var overfull: Set<Int> = []
        for scan in scans {
            for hit in scan.hits { starts[hit.format, default: []].append(hit.start) }
            overfull.formUnion(scan.overfull)
        }
        return starts.map { Job(format: $0, starts: Set($1).sorted(), isOverfull: overfull.contains($0)) }
            .sorted { ($1.starts.count, $0.format) < ($0.starts.count, $1.format) }
    }

    /// Examines the places of one format.
    package func examine(_ job: Job, of source: any ByteSource) throws -> Examined {
        let format = table.formats[job.format]
        var result = Examined()
        let budget = ReadBudget(size: source.size)
        if job.isOverfull {
            result.notes.append("\(format.name): there are too many magic numbers to examine all of them")
        }
        var end = 0
        do {
            for start in job.starts where !(format.repeats && start < end) {
                guard result.findings.count < Self.findingLimit else {
                    result.notes.append("\(format.name): there are more than the \(Self.findingLimit) that are listed")
                    break
                }
                var content = ContentBytes(source, at: start, budget: budget)
                do {
                    // Once more, because examinations rely on it, and the file may have changed meanwhile.
                    guard format.couldStart(try content.bytes(at: 0, count: min(4096, content.size))),
                        let finding = try format.examine(&content)
                    else { continue }
                    result.findings.append(finding)
                    if finding.grade > .hint { end = max(end, finding.range.upperBound) }
                } catch is ImageBytes.Fault {
                    continue
                }
            }
        } catch is ReadBudget.Exhausted {
            result.notes.append("\(format.name): not all places were examined, because that would take too long")
        }
        return result
    }

    /// Puts everything together, except for what is inside packed parts.
    package func map(
        _ scans: [ChunkScan], _ examined: [Examined], of source: any ByteSource
    ) throws -> ContentMap {
        var textures = TextureList()
        for scan in scans { textures.append(contentsOf: scan.textures) }
        // Jobs are not in the order of the list.
        let order = Dictionary(
            table.formats.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let findings = examined.flatMap(\.findings).filter {
            $0.offset >= 0 && $0.range.upperBound <= source.size && ($0.size ?? 1) > 0
        }
        .sorted { (order[$0.format] ?? .max, $0.offset) < (order[$1.format] ?? .max, $1.offset) }
        let tree = FindingTree(findings)
        return ContentMap(
            size: source.size, findings: tree.roots,
            segments: try Segmenting.segments(of: source, textures, findings: tree.roots), overlaps: tree.overlaps,
            notes: examined.flatMap(\.notes).sorted())
    }

    // MARK: Parts

    /// The way from the roots to a finding: the index on each level.
    package typealias TreePath = [Int]

    /// The findings with parts to inspect, and a note if there are too many.
    package func partOwners(in map: inout ContentMap) -> [TreePath] {
        guard depth < Self.deepest else { return [] }
        var paths: [TreePath] = []
        func visit(_ findings: [Finding], _ path: TreePath) {
            for (index, finding) in findings.enumerated() {
                if !finding.parts.isEmpty { paths.append(path + [index]) }
                visit(finding.children, path + [index])
            }
        }
        visit(map.findings, [])
        if paths.count > Self.ownerLimit {
            map.notes.append("of \(paths.count) packed parts, only the first \(Self.ownerLimit) were inspected")
        }
        return Array(paths.prefix(Self.ownerLimit))
    }

    /// Inspects the parts of a finding.
    package func contents(of path: TreePath, in map: ContentMap, source: any ByteSource) throws -> [PartContent] {
        guard let finding = map.finding(at: path) else { return [] }
        return try finding.parts.map { try content(of: $0, source: source) }
    }

    private func content(of part: ContentPart, source: any ByteSource) throws -> PartContent {
        var notes: [String] = []
        let inner: any ByteSource
        switch part.place {
        case .pieces(let ranges): inner = PiecedSource(source, ranges)
        case .packed(let method, let range):
            let (bytes, result) = try unpack(method, range, of: source)
            inner = MemorySource(bytes)
            if let note = Self.note(result, limit: unpackLimit) { notes.append(note) }
        }
        let map = try ImageInspector(table, depth: depth + 1).inspect(inner)
        return PartContent(name: part.name, size: map.size, findings: map.findings, notes: notes + map.notes)
    }

    private func unpack(
        _ method: UnpackMethod, _ range: Range<Int>, of source: any ByteSource
    ) throws -> ([UInt8], Unpacking.Result) {
        var whole: [UInt8] = []
        var place = range.lowerBound
        let limit = unpackLimit
        let result = try Unpacking.run(
            method, limit: limit,
            read: { buffer in
                let wanted = min(buffer.count, range.upperBound - place)
                guard wanted > 0 else { return 0 }
                let got = try source.read(into: &buffer, count: wanted, at: place)
                place += got
                return got
            },
            write: { bytes in
                whole += bytes.prefix(limit - whole.count)
                return whole.count < limit
            })
        return (whole, result)
    }

    private static func note(_ result: Unpacking.Result, limit: Int) -> String? {
        switch result.ending {
        case .complete: nil
        case .limited: "only the first \(limit >> 20) MiB were inspected"
        case .bomb: "it unpacks to more than any honest content: a decompression bomb, not followed"
        case .truncated, .damaged: "it is damaged after \(result.produced) unpacked bytes"
        case .unsupported: "it needs more memory, or a method, that is not provided"
        }
    }

    // MARK: All at once

    /// Takes all steps in this thread.
    package func inspect(_ source: any ByteSource) throws -> ContentMap {
        var buffer: [UInt8] = []
        let scans = try (0..<ChunkScanner.count(size: source.size)).map {
            try scan($0, of: source, buffer: &buffer)
        }
        buffer = []
        var map = try map(scans, jobs(scans).map { try examine($0, of: source) }, of: source)
        for path in partOwners(in: &map) {
            map.setContents(try contents(of: path, in: map, source: source), at: path)
        }
        return map
    }
}

extension ContentMap {
    /// The finding at a path; nil if there is none.
    package func finding(at path: ImageInspector.TreePath) -> Finding? {
        var level = findings
        var result: Finding?
        for index in path {
            guard level.indices.contains(index) else { return nil }
            result = level[index]
            level = level[index].children
        }
        return result
    }

    /// Sets what was found in the parts of a finding.
    package mutating func setContents(_ contents: [PartContent], at path: ImageInspector.TreePath) {
        func set(_ findings: inout [Finding], _ path: ArraySlice<Int>) {
            guard let first = path.first, findings.indices.contains(first) else { return }
            if path.count == 1 {
                findings[first].contents = contents
            } else {
                set(&findings[first].children, path.dropFirst())
            }
        }
        set(&findings, path[...])
    }
}
