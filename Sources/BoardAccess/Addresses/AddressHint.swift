/// What people type for an address elsewhere, and the line to type here. Pure.
enum AddressHint {
    /// The text with its connection type in lower case (RFC 3986, section 3.1: schemes are case-insensitive).
    static func normalized(_ text: String) -> String {
        guard let colon = text.firstIndex(of: ":"),
            text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "+") })
        else { return text }
        let scheme = text[..<colon].lowercased()
        let known = ["ssh", "telnet", "tcp", "serial", "local", "http", "https", "luci", "luci+https", "eva", "ftp"]
        return known.contains(scheme) ? scheme + text[colon...] : text
    }

    /// Why a text is no address here although it is one elsewhere, with the line to type; nil if no rule applies.
    static func fault(_ text: String) -> AddressFault? {
        if let port = serialPort(text) {
            return AddressFault("This looks like a serial port: write serial:/dev/\(port).")
        }
        if text.lowercased().hasPrefix("com"), !text.dropFirst(3).isEmpty, text.dropFirst(3).allSatisfy(\.isNumber) {
            return AddressFault(
                "\(text) is a serial port of Windows. Here it has a name such as serial:/dev/ttyUSB0: flashkeep ports "
                    + "lists them.")
        }
        if text.hasPrefix("serial:/"), let colon = text.lastIndex(of: ":"), text[..<colon].contains("/"),
            case let rate = text[text.index(after: colon)...], !rate.isEmpty, rate.allSatisfy(\.isNumber)
        {
            return AddressFault("The rate follows a question mark: write \(text[..<colon])?baud=\(rate).")
        }
        for scheme in ["telnet", "tcp", "http", "https", "luci", "luci+https", "eva", "ftp"]
        where text.hasPrefix("\(scheme):") && !text.hasPrefix("\(scheme)://") {
            let rest = text.dropFirst(scheme.count + 1).drop { $0 == "/" }
            return rest.isEmpty ? nil : AddressFault("Two slashes are missing: write \(scheme)://\(rest).")
        }
        guard !text.contains("://"), !text.hasPrefix("serial:"), !text.hasPrefix("local:") else { return nil }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]"),
            case let rest = text[text.index(after: end)...], rest.hasPrefix(":"), rest.count > 1,
            rest.dropFirst().allSatisfy(\.isNumber)
        {
            return AddressFault("With a port, write ssh://\(text).")
        }
        if let slash = text.firstIndex(of: "/"), !text.hasPrefix("/") {
            let tail = text[text.index(after: slash)...]
            let head = text[..<slash]
            if !tail.isEmpty, tail.allSatisfy(\.isNumber) {
                return AddressFault("The length of a network's prefix is no part of an address: write \(head).")
            }
            // As scp and rsync have it.
            if head.hasSuffix(":"), head.dropLast().contains("@") || !head.dropLast().contains(":") {
                return AddressFault("A path is no part of an address: write \(head.dropLast()).")
            }
        }
        return nil
    }

    /// `ttyUSB0` of `ttyUSB0`, the name of a serial port without its folder.
    private static func serialPort(_ text: String) -> String? {
        let kinds = ["ttyUSB", "ttyACM", "ttyS", "ttyAMA", "ttyXRUSB", "cu.usbserial", "cu.usbmodem", "tty.usbserial"]
        guard kinds.contains(where: text.hasPrefix),
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) })
        else { return nil }
        return text
    }
}
