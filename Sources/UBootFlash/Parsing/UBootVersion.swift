import FlashAccess

/// U-Boot's version, from the line that it prints at startup and for `version`.
///
/// `U-Boot 2018.03 (Nov 21 2026 - 01:47:09 +0000)`, `U-Boot 1.1.4 (Jul  3 2014 - 12:00:00)`, `U-Boot SPL 2023.01 (…)`
/// (`lib/display_options.c`, display_options; `version.h`). Vendors add text before and after.
package struct UBootVersion: Sendable, Hashable {
    /// The version as printed: `2023.01+dfsg-2+deb12u3`, `1.1.4`.
    package var text: String
    /// The year since 2008.10; before that 1.
    package var major: Int
    /// The month since 2008.10.
    package var minor: Int
    /// The text in parentheses after it: the build date.
    package var date: String?
    /// Whether it is a first stage, SPL or TPL, which loads the real U-Boot and has no prompt.
    package var isFirstStage: Bool

    /// Parses the output of `version` or of a startup; first stages are ignored.
    package init?(_ reply: UBootReply) {
        for line in reply.lines.prefix(2000) {
            if let version = UBootVersion(line: line), !version.isFirstStage {
                self = version
                return
            }
        }
        return nil
    }

    /// Parses a line.
    init?(line: ByteText) {
        guard line.bytes.count <= 300, var rest = line.trimmed.after("U-Boot ") else { return nil }
        isFirstStage = rest.take("SPL ") || rest.take("TPL ") || rest.take("VPL ")
        // Some vendors print "U-Boot Version: 1.1.3".
        _ = rest.take("Version: ")
        guard let word = rest.words.first, word.bytes.count <= 64, rest.bytes.first == word.bytes.first else {
            return nil
        }
        var numbers = word
        guard let major = numbers.takeDecimal(), numbers.take("."), let minor = numbers.takeDecimal(),
            major <= 9999, minor <= 99
        else { return nil }
        self.major = major
        self.minor = minor
        text = word.string()
        date = rest.after("(")?.before(")")?.string(limit: 80)
        // Text that only mentions U-Boot has no date and more words on its line.
        guard date != nil || line.trimmed.words.count <= 4 else { return nil }
    }

    /// Whether it is at least this version.
    package func isAtLeast(_ year: Int, _ month: Int) -> Bool {
        (major, minor) >= (year, month)
    }
}
