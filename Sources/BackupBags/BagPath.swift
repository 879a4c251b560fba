/// Paths of files within a bag, and their encoding in its manifests (RFC 8493 section 2.1.3).
package enum BagPath {
    /// Whether a path stays within the bag: relative, with `/` between components, none of them empty, `.` or `..`.
    ///
    /// Section 5.1.2 of the RFC: paths that lead out of the bag must be refused. NUL ends a path for the system, and
    /// would hide the rest of it.
    package static func isSafe(_ path: String) -> Bool {
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return components.count <= 16 && path.utf8.count <= 4096
            && components.allSatisfy { component in
                !component.isEmpty && component.count <= 255 && !component.elementsEqual(".".utf8)
                    && !component.elementsEqual("..".utf8) && !component.contains(0)
            }
    }

    /// Whether a path consists only of ASCII letters, digits, `.`, `_`, `-` and `/`, and so needs no quoting in a
    /// command line.
    package static func isPlain(_ path: String) -> Bool {
        path.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "._-/".unicodeScalars.contains(scalar))
        }
    }

    /// The components of a safe path.
    package static func components(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

    /// The path as written in a manifest: CR, LF and `%` are percent-encoded.
    package static func encoded(_ path: String) -> String {
        var text = ""
        for scalar in path.unicodeScalars {
            switch scalar {
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            case "%": text += "%25"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Decodes a path from a manifest: only `%0D`, `%0A` and `%25` are escapes.
    package static func decoded(_ text: String) -> String {
        var result = ""
        var rest = Substring(text).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let digits = String(String.UnicodeScalarView(rest.prefix(2))).uppercased()
            switch digits {
            case "0D": result += "\r"
            case "0A": result += "\n"
            case "25": result += "%"
            default:
                result += "%"
                continue
            }
            rest.removeFirst(2)
        }
        return result
    }
}
