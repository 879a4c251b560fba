import FlashModel

/// `name=value` texts, each ended by a zero, as U-Boot, CFE and others keep them.
enum EnvironmentText {
    /// The most variables that are read.
    private static let limit = 4096
    /// The longest name.
    private static let longestName = 64

    /// Whether a variable starts here: `[A-Za-z0-9_.#:-]{1,64}=`.
    static func startsVariable(_ bytes: ArraySlice<UInt8>) -> Bool {
        let name = bytes.prefix(longestName + 1).prefix(while: isName)
        return !name.isEmpty && name.endIndex < bytes.endIndex && bytes[name.endIndex] == UInt8(ascii: "=")
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default:
            [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "#"), UInt8(ascii: ":"), UInt8(ascii: "-")]
                .contains(byte)
        }
    }

    /// The variables up to an empty text; what is no variable is omitted.
    static func variables(_ bytes: ArraySlice<UInt8>) -> [(name: String, value: String)] {
        var result: [(String, String)] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0), end > rest.startIndex, result.count < limit {
            let text = rest[..<end]
            if startsVariable(text), let sign = text.firstIndex(of: UInt8(ascii: "=")) {
                result.append(
                    (NameText.text(text[..<sign]), NameText.text(text[text.index(after: sign)...])))
            }
            rest = rest[rest.index(after: end)...]
        }
        return result
    }

    /// What people look for.
    private static let wanted = [
        "ver", "board", "board_name", "boardname", "boardtype", "boardnum", "hw_id", "model", "bootcmd", "bootargs",
        "bootdelay", "baudrate", "mtdids", "mtdparts", "ethaddr", "eth1addr", "wlanaddr", "et0macaddr", "il0macaddr",
        "serial#", "ipaddr", "serverip", "boot_part", "bootpartition", "boot_wait", "lan_ipaddr", "clkfreq",
        "os_version",
    ]

    /// The facts in variables: each of the wanted ones, in that order.
    static func facts(_ variables: [(name: String, value: String)]) -> [Fact?] {
        let values = Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        return wanted.map { name in .text(name, values[name]) }
    }
}
