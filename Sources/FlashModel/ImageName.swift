/// Names of image files, derived from the board's partition names, and safe on every file system.
package enum ImageName {
    /// The maximum number of characters in the part of a file name that comes from the board.
    package static let limit = 64

    /// Keeps ASCII letters, digits, dot, dash and underscore, and replaces anything else by `_`.
    ///
    /// The result has 1 to 64 characters and does not start with a dot, so it can neither leave its folder nor be
    /// hidden.
    package static func sanitized(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars.prefix(limit) {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_": result.unicodeScalars.append(scalar)
            case "." where !result.isEmpty: result.append(".")
            default: result.append("_")
            }
        }
        return result.isEmpty ? "unnamed" : result
    }

    /// `mtd0-RedBoot.bin`. Because the label is unique within a board, so is the name, even if case is ignored.
    ///
    /// - Parameter label: ``Partition/label``.
    package static func file(_ label: String, name: String) -> String {
        "\(label)-\(sanitized(name)).bin"
    }

    /// `mtd8-firmware_mtd9-tail.bin`, for an image that is read from several devices.
    package static func file(pieces: [(label: String, name: String)]) -> String {
        guard let first = pieces.first else { return "unnamed.bin" }
        let rest = pieces.dropFirst().map { "_\($0.label)-\(sanitized($0.name))" }.joined()
        return file(first.label, name: sanitized(first.name) + rest)
    }
}
