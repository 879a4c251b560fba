/// Names that clients may ask for: relative paths that lead down. Pure.
enum TFTPFileName {
    /// Splits a name into its path components.
    ///
    /// Refused are: a leading `/`; components that are empty, `.` or `..`; components that begin with a dot (files
    /// still being written do); backslashes; control characters; and components of more than 200 bytes.
    ///
    /// - Throws: `accessViolation`.
    static func parts(of name: String) throws(TFTPError) -> [String] {
        guard !name.hasPrefix("/") else {
            throw TFTPError(.accessViolation, "Give the name without a leading slash.")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 200 && part.utf8.first != UInt8(ascii: ".")
                && part.unicodeScalars.allSatisfy {
                    $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0 != "\\"
                }
        }
        guard isPlain, parts.count <= 16 else {
            throw TFTPError(.accessViolation, "This name is not allowed.")
        }
        return parts
    }
}
