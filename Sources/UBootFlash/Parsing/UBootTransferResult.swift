import FlashAccess
private import FlashModel

/// The result of `tftpboot` or `tftpput` (`net/tftp.c`, `net/net.c`), or of HiSilicon's `tftp`, which does both and prints
/// other words (its `net/tftp.c`, TftpStart and TftpHandler): `Upload Filename 'f'.`, `Upload from address: 0x82000000,
/// 8.000 MB to be send ...`, and at the end `8.000 MB upload ok.`.
package struct UBootTransferResult: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// This many bytes were transferred; nil if only `done` was printed, as some versions do for an empty file.
        case done(bytes: Int?)
        /// This many KiB were transferred, rounded down: all that HiSilicon's prints.
        case doneRounded(kibibytes: Int)
        /// The server refused: `TFTP error: 'File not found' (1)`.
        case refused(reason: String, code: Int?)
        /// There was no answer, or it stopped: `Retry count exceeded`, `TFTP server died` (also for an ICMP
        /// unreachable).
        case noAnswer
        /// No host has the server's address: `ARP Retry count exceeded`.
        case noHost
        /// A variable is not set: `*** ERROR: `ipaddr' not set`, `Error: ethernet@… address not set.`.
        case notSet(String)
        /// `No ethernet found.`
        case noEthernet
        /// The transfer would have overwritten U-Boot itself: `trying to overwrite reserved memory`.
        case reservedMemory
        /// ^C was accepted.
        case interrupted
        /// Anything else: the reply ends before the transfer did, or is of another command.
        case unclear

        /// Whether it reports success.
        package var isSuccess: Bool {
            switch self {
            case .done, .doneRounded: true
            default: false
            }
        }
    }

    package var outcome: Outcome
    /// `pcnet#0`; nil if it did not get that far.
    package var device: String?
    /// The server's address, as U-Boot understood it.
    package var server: String?
    /// The board's own address.
    package var ownAddress: String?
    /// The memory address that it used.
    package var memory: UInt64?

    /// Parses the command's output.
    package init(_ reply: UBootReply) {
        var isDone = false
        var bytes: Int?
        var kibibytes: Int?
        var failure: Outcome?
        for line in reply.lines.prefix(100_000) {
            let text = line.trimmed
            if text == ByteText("done") {
                isDone = true
                failure = nil
            } else if var rest = text.dropping("Bytes transferred = ") {
                let value = rest.takeDecimal()
                if let value, rest.after("(")?.before(" hex)")?.hexadecimal == value { bytes = value }
            } else if let rest = text.dropping("Using ") {
                if let name = rest.before(" device") { device = name.string(limit: 64) }
            } else if let rest = text.dropping("TFTP from server ") ?? text.dropping("TFTP to server ") {
                server = rest.before(";")?.string(limit: 64)
                ownAddress = rest.after("our IP address is ")?.words.first?.string(limit: 64)
            } else if let rest = text.dropping("Load address: ") ?? text.dropping("Save address: ")
                ?? text.dropping("Download to address: ")
            {
                memory = rest.trimmed.address
            } else if let rest = text.dropping("Upload from address: ") {
                memory = rest.before(",")?.address
            } else if let size = Self.vendorsSize(text) {
                kibibytes = size
                failure = nil
            } else if failure == nil {
                failure = Self.failure(text)
            }
        }
        if isDone {
            outcome = .done(bytes: bytes)
        } else if let kibibytes {
            outcome = .doneRounded(kibibytes: kibibytes)
        } else {
            outcome = failure ?? .unclear
        }
    }

    /// The KiB in `8.000 MB upload ok.`: MiB, and three digits of KiB, 0...1023.
    private static func vendorsSize(_ line: ByteText) -> Int? {
        guard var rest = line.before(" MB upload ok.") ?? line.before(" MB download ok."),
            let mebibytes = rest.takeDecimal(), rest.take("."), let kibibytes = rest.takeDecimal(), rest.isEmpty
        else { return nil }
        return mebibytes.times(1_024)?.plus(kibibytes)
    }

    private static func failure(_ line: ByteText) -> Outcome? {
        if let rest = line.after("TFTP error: ") {
            if rest.contains("reserved memory") { return .reservedMemory }
            let code = rest.after("' (")?.before(")")?.decimal
            return .refused(reason: (rest.quotedSingly ?? rest).string(limit: 80), code: code)
        }
        if line.contains("ARP Retry count exceeded") { return .noHost }
        if line.contains("Retry count exceeded") || line.contains("TFTP server died") { return .noAnswer }
        if let rest = line.dropping("*** ERROR: `"), let name = rest.before("' not set") {
            return .notSet(name.string(limit: 64))
        }
        // The driver's error; boards with a second device continue with that.
        if line.contains("No ethernet found") { return .noEthernet }
        if line.contains("overwrite reserved memory") { return .reservedMemory }
        if line == ByteText("Abort") || line.contains("<INTERRUPT>") { return .interrupted }
        return nil
    }
}

extension ByteText {
    /// The text between the first single quote and the last.
    fileprivate var quotedSingly: ByteText? {
        guard let first = bytes.firstIndex(of: 0x27), let last = bytes.lastIndex(of: 0x27), first < last else {
            return nil
        }
        return ByteText(bytes[(first + 1)..<last])
    }
}
