import FlashModel

/// The public key of an HTTPS server as the user types it, and as errors show it: `sha256//` and base64. Pure.
enum ServerKeyArgument {
    /// - Throws: ``FlashkeepError`` with `usage`.
    static func check(_ text: String) throws(FlashkeepError) {
        let prefix = "sha256//"
        let digits = text.dropFirst(prefix.count)
        // 32 bytes.
        guard text.hasPrefix(prefix), digits.utf8.count == 44, digits.hasSuffix("="),
            digits.dropLast().utf8.allSatisfy(isDigit)
        else {
            throw FlashkeepError(
                .usage, what: "--https-key \(PrintableText.escaped(text, limit: 60)) is invalid.",
                why: "A key has the form sha256//…=, with 43 characters between.",
                next: "Omit the option: the error then shows the server's key.")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
        default: false
        }
    }
}
