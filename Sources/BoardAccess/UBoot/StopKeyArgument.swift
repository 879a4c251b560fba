import FlashModel

/// Keys as typed on a command line: `\e` for Esc, `\r`, `\n`, `\t`, `\\`, `\x03`. Pure.
enum StopKeyArgument {
    /// - Throws: ``FlashkeepError`` with `usage`.
    static func bytes(_ text: String) throws -> [UInt8] {
        var result: [UInt8] = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result += Array(String(character).utf8)
                continue
            }
            switch rest.popFirst() {
            case "e": result.append(0x1B)
            case "r": result.append(0x0D)
            case "n": result.append(0x0A)
            case "t": result.append(0x09)
            case "\\": result.append(0x5C)
            case "x":
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits, radix: 16) else {
                    throw notUnderstood(text)
                }
                result.append(byte)
                rest = rest.dropFirst(2)
            default: throw notUnderstood(text)
            }
        }
        guard !result.isEmpty, result.count <= 64 else { throw notUnderstood(text) }
        return result
    }

    private static func notUnderstood(_ text: String) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "--stop-key \"\(PrintableText.again(text))\" is invalid.",
            why: "It takes 1 to 64 characters; after a backslash come e, r, n, t, another backslash, or x and two "
                + "hexadecimal digits.",
            next: "For Ctrl-C, give --stop-key '\\x03'.")
    }
}
