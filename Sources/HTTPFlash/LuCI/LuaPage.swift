internal import FlashAccess
internal import FlashModel

/// LuCI's page "Flash operations" in Lua: the token of the session, and the MTD devices that can be saved. Pure.
///
/// It offers each as `LABEL/SIZE/N` (luci-mod-admin-full `view/admin_system/flashops.htm`): the size in decimal, and N
/// counted from 0 in the order of `/proc/mtd`, which is the number of the device unless numbers are missing. `rootfs_data`
/// and names with blanks are left out.
struct LuaPage: Sendable {
    struct Choice: Sendable, Hashable {
        /// As the form sends it.
        var value: String
        var label: String
        /// In bytes.
        var size: Int
        var index: Int
    }

    /// nil if the page has none.
    private(set) var token: String?
    /// In the order of the page, each number once.
    private(set) var choices: [Choice] = []
    /// Whether the page has the form at all.
    private(set) var hasForm = false
    /// Options that were not understood, or whose number another has; for display.
    private(set) var strays: [String] = []

    init(_ bytes: [UInt8]) {
        var isInside = false
        for tag in HTMLTags(bytes) {
            switch tag.name {
            case "input" where tag.attributes["name"] == "token":
                if token == nil, let value = tag.attributes["value"], Self.isPlain(value) { token = value }
            case "select":
                isInside = tag.attributes["name"] == "mtdblockname"
                hasForm = hasForm || isInside
            case "option" where isInside:
                guard let value = tag.attributes["value"], choices.count < BoardLimits.devices else { continue }
                if let choice = Self.choice(value), !choices.contains(where: { $0.index == choice.index }) {
                    choices.append(choice)
                } else if strays.count < BoardLimits.warnings {
                    strays.append(PrintableText.escaped(value, limit: 80))
                }
            default: break
            }
        }
    }

    private static func isPlain(_ value: String) -> Bool {
        (1...128).contains(value.utf8.count)
            && value.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }
    }

    /// The first generation puts N into a command line, so nothing but digits may be there.
    private static func choice(_ value: String) -> Choice? {
        let parts = ByteText(value).split(0x2F)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].bytes.count <= 256, let size = parts[1].decimal, size > 0,
            let index = parts[2].decimal, index <= 65_535
        else { return nil }
        let label = parts[0].string()
        return Choice(value: "\(label)/\(size)/\(index)", label: parts[0].name(), size: size, index: index)
    }
}
