/// Turns foreign text, such as partition names, into one line of ASCII for error texts, reports and RESTORE.md, which
/// must look the same in every terminal and decades from now. Nothing is truncated.
package enum PlainText {
    /// Escapes everything except printable ASCII, so that no name can move the cursor, end a line or change the writing
    /// direction.
    package static func line(_ text: String) -> String {
        PrintableText.escaped(text, limit: .max, asciiOnly: true)
    }

    /// A partition as shown in reports: `mtd3 "rootfs"`.
    ///
    /// - Parameter label: ``Partition/label``.
    package static func partition(_ label: String, _ name: String) -> String { "\(label) \"\(line(name))\"" }

    /// Escapes text for use between two backticks in a Markdown table.
    package static func code(_ text: String) -> String {
        line(text).replacing("`", with: "\\x60").replacing("|", with: "\\x7c")
    }
}
