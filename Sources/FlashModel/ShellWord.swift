/// Text as one word of a POSIX shell.
package enum ShellWord {
    /// In quotes, whatever it holds.
    package static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// For people to paste: in quotes only if it needs them.
    package static func pastable(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "./_-+:@%,=".utf8.contains(byte)
                }
            }
        return isPlain ? text : quoted(text)
    }
}
