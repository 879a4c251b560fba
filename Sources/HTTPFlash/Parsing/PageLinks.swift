internal import FlashAccess

/// The links of a page that lead to files below its folder on the same server. Pure.
///
/// A page may be anything: the index.html that a script wrote, or a listing of busybox, lighttpd, nginx, Apache or
/// uhttpd. Each of them names files by links, and all else differs.
struct PageLinks: Sendable {
    /// A link to a file.
    struct File: Sendable, Hashable {
        var address: WebAddress
        /// The last part of the path, decoded.
        var name: [UInt8]
    }

    /// The files, in the order of the page, each once.
    private(set) var files: [File] = []
    /// How many links lead elsewhere: to other hosts or folders, or to nothing on the web.
    private(set) var others = 0
    /// Whether there were more links than the limit.
    private(set) var isCut = false

    /// The most links that are looked at.
    static let limit = 20_000

    /// - Parameter page: its address, after redirects.
    init(_ page: WebText) {
        var base = page.address
        var seen: Set<String> = []
        var count = 0
        for tag in HTMLTags(page.bytes) {
            guard let value = tag.attributes["href"], ["a", "base", "area"].contains(tag.name) else { continue }
            let reference = ByteText(value).trimmed.string(limit: 8_192)
            count += 1
            guard count <= Self.limit else {
                isCut = true
                break
            }
            guard let address = WebAddress(reference.isEmpty ? "." : reference, relativeTo: base), !address.hasUser
            else {
                others += 1
                continue
            }
            if tag.name == "base" {
                if address.isSameServer(as: page.address) { base = address }
                continue
            }
            guard address.isSameServer(as: page.address), address.folder.hasPrefix(page.address.folder),
                let file = Self.file(address)
            else {
                others += 1
                continue
            }
            if seen.insert(address.url).inserted { files.append(file) }
        }
    }

    /// nil if the name cannot be that of a file: an encoded slash may lead out of the folder.
    private static func file(_ address: WebAddress) -> File? {
        let name = address.name
        guard (1...512).contains(name.count), !name.contains(0x2F), !name.contains(0x5C), !name.contains(0),
            name != [0x2E], name != [0x2E, 0x2E]
        else { return nil }
        let folders = address.folder.split(separator: "/").map { PercentEncoding.decoded($0.utf8) }
        guard folders.allSatisfy({ $0 != [0x2E, 0x2E] && !$0.contains(0x2F) }) else { return nil }
        return File(address: address, name: name)
    }
}
