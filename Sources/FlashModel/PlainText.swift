/// Foreign text, such as the names of partitions, on one line of ASCII: for error texts, reports and RESTORE.md, which
/// must look the same in every terminal and decades from now. Nothing is cut off.
package enum PlainText {
    /// The text with everything but printable ASCII written out, so that no name can move the cursor, end a line or turn
    /// the direction of writing.
    package static func line(_ text: String) -> String {
        PrintableText.escaped(text, limit: .max, asciiOnly: true)
    }

    /// A partition as a report names it: `mtd3 "rootfs"`.
    package static func partition(_ index: Int, _ name: String) -> String { "mtd\(index) \"\(line(name))\"" }

    /// The text as it can stand between two backticks in a Markdown table.
    package static func code(_ text: String) -> String {
        line(text).replacing("`", with: "\\x60").replacing("|", with: "\\x7c")
    }
}
