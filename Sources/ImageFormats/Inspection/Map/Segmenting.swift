/// Divides an image into segments, each byte in exactly one.
struct Segmenting {
    private let source: any ByteSource
    private let textures: TextureList
    private var segments: [ContentMap.Segment] = []

    /// The least bytes of one value that are a segment of their own inside a block.
    private static let shortestBlank = 32
    /// Of unclaimed bytes, a stretch with another density that is shorter than this is not told apart.
    private static let shortestStretch = 64 << 10
    /// The least bytes whose entropy says that they are dense.
    private static let leastForEntropy = 1024

    /// - Parameter findings: sorted by offset.
    /// - Throws: what reading throws.
    static func segments(
        of source: any ByteSource, _ textures: TextureList, findings: [Finding]
    ) throws -> [ContentMap.Segment] {
        var segmenting = Segmenting(source: source, textures: textures)
        var place = 0
        for (index, finding) in findings.enumerated() {
            let range = max(place, finding.offset)..<max(place, min(finding.range.upperBound, source.size))
            guard !range.isEmpty else { continue }
            try segmenting.addGap(place..<range.lowerBound)
            segmenting.segments.append(ContentMap.Segment(range, .finding(index)))
            place = range.upperBound
        }
        try segmenting.addGap(place..<source.size)
        return segmenting.segments
    }

    private init(source: any ByteSource, textures: TextureList) {
        (self.source, self.textures) = (source, textures)
    }

    /// A part of a gap with one texture.
    private struct Stretch {
        var range: Range<Int>
        var texture: Texture
    }

    /// Adds the segments of a range that no finding claims.
    private mutating func addGap(_ gap: Range<Int>) throws {
        guard !gap.isEmpty else { return }
        var stretches: [Stretch] = []
        var place = gap.lowerBound
        while place < gap.upperBound {
            let block = place / Texture.blockSize
            let end = min((block + 1) * Texture.blockSize, gap.upperBound)
            let isWhole = place == block * Texture.blockSize && end == min(place + Texture.blockSize, source.size)
            let texture =
                isWhole && block < textures.count
                ? textures[block] : ByteStatistics.texture(try source.bytes(place..<end)[...])
            append(Stretch(range: place..<end, texture: texture), to: &stretches)
            place = end
        }
        try refineBlanks(&stretches)
        add(stretches)
    }

    private func append(_ stretch: Stretch, to stretches: inout [Stretch]) {
        guard !stretch.range.isEmpty else { return }
        if let last = stretches.last, Self.isSame(last.texture, stretch.texture) {
            stretches[stretches.count - 1].range = last.range.lowerBound..<stretch.range.upperBound
        } else {
            stretches.append(stretch)
        }
    }

    private static func isSame(_ one: Texture, _ other: Texture) -> Bool {
        switch (one, other) {
        case (.blank(let first), .blank(let second)): first == second
        case (.repeated(let first), .repeated(let second)): first == second
        default: false
        }
    }

    /// Moves the limits between blank and other bytes from a multiple of the block size to where they are.
    private func refineBlanks(_ stretches: inout [Stretch]) throws {
        var refined: [Stretch] = []
        for stretch in stretches {
            guard case .mixed = stretch.texture else {
                append(stretch, to: &refined)
                continue
            }
            let bytes = try source.bytes(stretch.range)
            let head = bytes.prefix { $0 == bytes.first }.count
            let tail = bytes.reversed().prefix { $0 == bytes.last }.count
            var (start, end) = (stretch.range.lowerBound, stretch.range.upperBound)
            if head >= Self.shortestBlank, let byte = bytes.first, byte == 0 || byte == 0xFF {
                append(Stretch(range: start..<(start + head), texture: .blank(byte)), to: &refined)
                start += head
            }
            var last: Stretch?
            if tail >= Self.shortestBlank, let byte = bytes.last, byte == 0 || byte == 0xFF, end - tail > start {
                last = Stretch(range: (end - tail)..<end, texture: .blank(byte))
                end -= tail
            }
            append(Stretch(range: start..<end, texture: stretch.texture), to: &refined)
            if let last { append(last, to: &refined) }
        }
        stretches = refined
    }

    /// Turns stretches into segments; those that are neither blank nor repeated are joined by density.
    private mutating func add(_ stretches: [Stretch]) {
        var mixed: [(range: Range<Int>, entropy: Double)] = []
        for stretch in stretches {
            switch stretch.texture {
            case .mixed(let entropy): mixed.append((stretch.range, entropy))
            case .blank(let byte):
                addMixed(mixed)
                mixed = []
                segments.append(ContentMap.Segment(stretch.range, .blank(byte)))
            case .repeated(let period):
                addMixed(mixed)
                mixed = []
                segments.append(ContentMap.Segment(stretch.range, .repeated(period: period)))
            }
        }
        addMixed(mixed)
    }

    private mutating func addMixed(_ stretches: [(range: Range<Int>, entropy: Double)]) {
        /// A run of stretches of one density.
        struct Run {
            var range: Range<Int>
            var isDense: Bool
            /// Entropy times bytes.
            var sum: Double

            mutating func join(_ other: Run) {
                range = range.lowerBound..<other.range.upperBound
                sum += other.sum
            }
        }
        var runs: [Run] = []
        for (range, entropy) in stretches {
            let isDense = entropy >= Texture.high && range.count >= Self.leastForEntropy
            let run = Run(range: range, isDense: isDense, sum: entropy * Double(range.count))
            if let last = runs.last, last.isDense == isDense {
                runs[runs.count - 1].join(run)
            } else {
                runs.append(run)
            }
        }
        var joined: [Run] = []
        for run in runs {
            guard let last = joined.last else {
                joined.append(run)
                continue
            }
            if run.range.count < Self.shortestStretch || last.isDense == run.isDense {
                joined[joined.count - 1].join(run)
            } else if last.range.count < Self.shortestStretch {
                var whole = run
                whole.range = last.range.lowerBound..<run.range.upperBound
                whole.sum += last.sum
                joined[joined.count - 1] = whole
            } else {
                joined.append(run)
            }
        }
        segments += joined.map { run in
            ContentMap.Segment(
                run.range, run.isDense ? .dense : .unknown,
                entropy: run.range.isEmpty ? nil : run.sum / Double(run.range.count))
        }
    }
}
