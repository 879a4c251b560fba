internal import FlashModel

/// Where the bytes of a partition come from, and what the server's replies mean.
protocol DumpSource: Sendable {
    /// The partition or the file, for errors: `mtd3.bin`, `mtd3 "rootfs"`.
    var title: String { get }
    /// The number of bytes that the server has; the partition may be larger.
    var size: Int { get }

    /// The request for bytes from an offset on. The reply may begin earlier, if the server cannot skip anything, and end
    /// later.
    func request(_ range: Range<Int>) async throws -> HTTPRequest

    /// Checks a reply.
    ///
    /// - Parameters:
    ///   - range: as requested.
    ///   - mayRenew: whether a session may be renewed: a server that refuses new ones refuses all.
    ///   - words: reads the beginning of the body, for replies that explain a refusal.
    /// - Throws: ``FlashkeepError`` if it is not what was asked for.
    func accept(
        _ head: HTTPHead, to range: Range<Int>, mayRenew: Bool, words: () async throws -> String
    ) async throws -> AcceptedReply

    /// The number of bytes to skip at an unreadable offset; nil if the server cannot read past it.
    var unreadStep: Int? { get }
    /// Whether a request must not include bad blocks, because the bytes that follow one may be wrong.
    var avoidsBadBlocks: Bool { get }

    /// The error for a body that ends at the same place each time.
    ///
    /// - Parameters:
    ///   - offset: the place, in bytes from the start of the partition.
    ///   - why: the library's words, a sentence; empty if the server ended the body in order.
    func truncated(at offset: Int, why: String) -> FlashkeepError
}

/// What a reply to a ``DumpSource/request(_:)`` contains.
enum AcceptedReply: Sendable {
    /// Bytes of the partition.
    ///
    /// - Parameters:
    ///   - start: the offset of the first.
    ///   - mayBePage: whether a page in its place, such as a login, would look the same so far.
    case bytes(start: Int, mayBePage: Bool)
    /// Nothing yet: the request has to be sent again, with a new session.
    case again
}

extension DumpSource {
    var unreadStep: Int? { nil }
    var avoidsBadBlocks: Bool { false }

    /// The error for a reply with more bytes than the partition has.
    func tooLong() -> FlashkeepError {
        FlashkeepError(
            .layoutChanged, what: "\(title) has more bytes than it should have.",
            why: "It continues past the \(ByteCount.text(size)) that it had at the start.",
            next: "If something is still writing the file, wait until it is done, and run the command again with "
                + "another --to.")
    }

    /// The error for another length than at the start.
    func otherLength(_ length: HTTPHead.Length) -> FlashkeepError {
        let now =
            switch length {
            case .none: "no length"
            case .exact(let count): "\(count) bytes"
            case .nonsense(let text): "the length \"\(PrintableText.escaped(text))\""
            }
        return FlashkeepError(
            .layoutChanged, what: "\(title) is not what it was at the start.",
            why: "It had \(size) bytes, and the server now says \(now).",
            next: "While nothing else changes the board, run the command again with another --to.")
    }

    /// The error for a page where a dump should be.
    func pageInstead() -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "\(title) is a web page, not a dump.",
            why: "The server sends HTML in its place, perhaps a login.",
            next: "Open the address in a browser to see what the server wants.")
    }

    /// The error for a packed reply.
    func packed(_ packing: String) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "The server packs \(title).",
            why:
                "It sends it with the encoding \"\(PrintableText.escaped(packing))\" although it was asked not to, so its "
                + "length cannot be checked.",
            next: "Switch compression off in the server's configuration, or use another server.")
    }

    /// The error for a status other than success.
    func refused(_ head: HTTPHead) -> FlashkeepError {
        let isGone = head.status == 404 || head.status == 410
        return FlashkeepError(
            isGone ? .partitionVanished : .replyNotUnderstood,
            what: isGone ? "\(title) is no longer there." : "The server does not give \(title).",
            why: "It replies with status \(head.status).", next: "Open the address in a browser to see why.")
    }
}
