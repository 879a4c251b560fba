/// The formats that can be found inside an image.
package enum ContentFormats {
    /// All formats. Of two findings with the same range and grade, the earlier one contains the other.
    package static let all: [any ContentFormat.Type] = [
        GzipStream.self
    ]

    /// Their signatures, prepared once.
    package static let table = SignatureTable(all)
}
