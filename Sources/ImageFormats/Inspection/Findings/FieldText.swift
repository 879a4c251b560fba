extension String {
    /// Without the blanks and control characters around it.
    var trimmingControls: String {
        let isEdge: (Unicode.Scalar) -> Bool = { $0.value <= 0x20 || $0.value == 0x7F }
        let scalars = unicodeScalars.drop(while: isEdge)
        guard let last = scalars.lastIndex(where: { !isEdge($0) }) else { return "" }
        return String(String.UnicodeScalarView(scalars[...last]))
    }
}

extension ArraySlice<UInt8> {
    /// Whether all bytes are printable ASCII.
    var isPrintable: Bool { allSatisfy { (0x20...0x7E).contains($0) } }

    /// The little-endian number at an offset from the start; 0 beyond the end.
    func little(_ offset: Int, _ count: Int = 4) -> Int {
        dropFirst(offset).prefix(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The big-endian number at an offset from the start; 0 beyond the end.
    func big(_ offset: Int, _ count: Int = 4) -> Int {
        dropFirst(offset).prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }

    /// The byte at an offset from the start; 0 beyond the end.
    func byte(_ offset: Int) -> UInt8 { dropFirst(offset).first ?? 0 }

    /// Whether these bytes stand at an offset from the start.
    func has(_ text: String, _ offset: Int = 0) -> Bool { dropFirst(offset).starts(with: Array(text.utf8)) }
}
