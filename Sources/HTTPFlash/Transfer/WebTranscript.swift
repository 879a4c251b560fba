internal import BoardChannels
internal import FlashModel
private import Synchronization

/// Records the requests and replies in a transcript, without secrets; flash data only in a copy that the user asked for.
final class WebTranscript: Sendable {
    private let log: TranscriptLog
    private let clock: @Sendable () -> Duration
    private let secrets = Mutex<[[UInt8]]>([])

    /// - Parameter clock: the time since the connection began.
    init(_ log: TranscriptLog, clock: @escaping @Sendable () -> Duration) {
        self.log = log
        self.clock = clock
    }

    /// Keeps a password, a session or a token out of everything that is recorded from now on.
    func hide(_ secret: String) {
        let bytes = Array(secret.utf8)
        secrets.withLock { if !$0.contains(bytes) { $0.append(bytes) } }
    }

    /// Blanks the secrets in a text.
    func blanked(_ bytes: [UInt8]) -> [UInt8] {
        SecretBlanking.blanked(bytes, secrets.withLock { $0 })
    }

    func sent(_ request: HTTPRequest) {
        var text = "\(request.method) \(request.address.url)\n"
        for line in request.headers { text += line + "\n" }
        switch request.content {
        case .none: break
        // A login's: JSON may escape characters of its password, so that a search for it would miss it.
        case .json where request.hidesReply: text += "\n***"
        case .json(let bytes): text += "\n" + String(decoding: bytes, as: UTF8.self)
        case .form(let fields), .parts(let fields):
            text += "\n" + fields.map { "\($0.name)=\($0.isSecret ? "***" : $0.value)" }.joined(separator: "&")
        }
        record(.sent, blanked(Array(text.utf8)))
    }

    func received(_ head: [UInt8]) { record(.received, blanked(head)) }

    func received(text: [UInt8]) { record(.received, blanked(text)) }

    func received(flash bytes: [UInt8]) {
        if log.hasCopy { log.appendToCopy(TranscriptEntry(time: clock(), kind: .received, bytes: bytes)) }
    }

    /// Notes the end of flash data.
    func ended(flash count: Int, _ checksum: Digest) {
        record(.remark, Array("\(count) bytes with flash data, \(checksum.algorithm.rawValue) \(checksum.hex)".utf8))
    }

    func remark(_ text: String) { record(.remark, Array(text.utf8)) }

    private func record(_ kind: TranscriptEntry.Kind, _ bytes: [UInt8]) {
        let entry = TranscriptEntry(time: clock(), kind: kind, bytes: bytes)
        log.append(entry)
        if log.hasCopy { log.appendToCopy(entry) }
    }
}
