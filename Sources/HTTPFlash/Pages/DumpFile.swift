internal import FlashAccess
internal import FlashModel

/// A linked file whose name is that of a dump, and what the server says about it.
struct DumpFile: Sendable {
    /// Where it is, after redirects.
    var address: WebAddress
    /// The name in the link, for display.
    var title: String
    var name: DumpName
    /// nil if it was not asked about, because its name says that it is packed.
    var head: HTTPHead?
    /// Whether its beginning is that of a page. The type alone does not say so: busybox' httpd gives any part of a file the
    /// type of a page (`networking/httpd.c`, send_headers).
    var isPage: Bool

    /// The number of bytes for which the beginning of a file is looked at.
    static let beginning = 512

    /// What the file can be used for.
    enum Use: Equatable {
        /// A dump of this size in bytes, at least 1.
        case dump(Int)
        /// Not a dump, with the reason: a clause.
        case none(String)
    }

    /// - Parameter size: of the partition, in bytes; nil if unknown.
    func use(for size: Int?) -> Use {
        guard let head else { return .none("it is compressed") }
        guard head.status == 200 else { return .none("the server replies with status \(head.status)") }
        if let packing = head.packing {
            return .none("the server packs it (\(PrintableText.escaped(packing)))")
        }
        switch head.length {
        case .none: return .none("the server does not say how long it is")
        case .nonsense(let text):
            return .none("the server gives it the impossible length \"\(PrintableText.escaped(text, limit: 40))\"")
        case .exact(let count):
            // A partition may hold anything, even a page; but then it has the partition's size.
            if count != size, isPage { return .none("it is a web page, perhaps a login") }
            if count == 0 { return .none("it is empty") }
            if let size, count > size {
                return .none(
                    "it has \(count) bytes, more than the \(size) of the partition: perhaps those of the spare areas too"
                )
            }
            return .dump(count)
        }
    }

    /// Distinguishes one content of the file from another; nil if the server does not.
    static func tag(_ head: HTTPHead) -> String? {
        (head.value("etag") ?? head.value("last-modified"))?.string(limit: 200)
    }

    /// A line for the evidence.
    var line: String {
        var words = [title]
        if let head {
            words.append("status \(head.status)")
            for name in ["content-length", "content-type", "content-encoding", "last-modified", "etag"] {
                if let value = head.value(name) { words.append("\(name) \(value.string(limit: 120))") }
            }
        }
        return PrintableText.escaped(words.joined(separator: ", "), limit: 1_000)
    }
}

/// A file on a web server as the source of a partition's bytes.
struct DumpFileSource: DumpSource {
    let address: WebAddress
    let title: String
    let size: Int
    /// As at the survey; nil if the server gives none.
    let tag: String?
    /// Whether it began like a page at the survey, and is a dump all the same.
    let isPage: Bool

    func request(_ range: Range<Int>) -> HTTPRequest { .file(address, from: range.lowerBound) }

    func accept(
        _ head: HTTPHead, to range: Range<Int>, mayRenew: Bool, words: () async throws -> String
    ) throws -> AcceptedReply {
        switch head.status {
        case 200:
            guard head.length == .exact(size) else { throw otherLength(head.length) }
        case 206:
            guard let part = head.contentRange, part.start == range.lowerBound, part.total == nil || part.total == size
            else {
                throw FlashkeepError(
                    .replyNotUnderstood, what: "The server sends another part of \(title) than was asked for.",
                    why: "Asked for byte \(range.lowerBound) and what follows, it replies "
                        + "\"\(PrintableText.escaped(head.value("content-range")?.string(limit: 60) ?? "nothing"))\".",
                    next: "Serve the files with another web server.")
            }
        case 416: throw otherLength(.none)
        default: throw refused(head)
        }
        if let packing = head.packing { throw packed(packing) }
        if let tag, let now = DumpFile.tag(head), now != tag {
            throw FlashkeepError(
                .layoutChanged, what: "\(title) was written again since the start.",
                why: "The server now calls it \"\(PrintableText.escaped(now, limit: 60))\".",
                next: "Wait until nothing writes the dumps, and run the command again with another --to.")
        }
        return .bytes(start: head.status == 206 ? range.lowerBound : 0, mayBePage: head.status == 200 && !isPage)
    }

    func truncated(at offset: Int, why: String) -> FlashkeepError {
        FlashkeepError(
            .unreadable, what: "The download of \(title) ends at \(ByteCount.hex(offset)) of \(ByteCount.hex(size)).",
            why: "It ended there twice. " + (why.isEmpty ? "The server said that it has \(size) bytes." : "\(why)."),
            next: "Look whether the file is still there and complete; make it again, or leave it out with --only.")
    }
}
