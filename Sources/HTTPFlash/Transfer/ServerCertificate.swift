private import CCurl
internal import Dispatch
internal import FlashModel

#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// The certificate of a TLS server without a trusted issuer, and the key in it by which the user can allow the server.
enum ServerCertificate {
    /// The same error, with the server's key and how to allow it.
    static func explained(
        _ error: FlashkeepError, _ address: WebAddress, _ limits: WebLimits
    ) async -> FlashkeepError {
        var error = error
        if let key = await key(of: address, limits) {
            error.next = "If this is the board (routers sign their certificates themselves), add --https-key \(key)"
        }
        return error
    }

    /// The server's public key, as `sha256//` and base64; nil if it does not show one.
    private static func key(of address: WebAddress, _ limits: WebLimits) async -> String? {
        let (url, milliseconds) = (address.url, Int(clamping: limits.connection.components.seconds &* 1_000))
        let text: String? = await withCheckedContinuation { continuation in
            DispatchQueue(label: "flashkeep.http").async {
                continuation.resume(returning: certificate(url, milliseconds))
            }
        }
        return text.flatMap(key(pem:))
    }

    private static func certificate(_ url: String, _ milliseconds: Int) -> String? {
        guard let transfer = unsafe flashkeep_transfer_new(url) else { return nil }
        defer { unsafe flashkeep_transfer_free(transfer) }
        unsafe flashkeep_transfer_connect_limit(transfer, milliseconds)
        unsafe flashkeep_transfer_only_certificate(transfer)
        // Nothing is transferred.
        var byte: UInt8 = 0
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(milliseconds)
        while clock.now < end {
            var count = 0
            let result = unsafe flashkeep_transfer_step(transfer, &byte, 1, 200, &count)
            if result == FLASHKEEP_TRANSFER_GOES_ON { continue }
            guard result == FLASHKEEP_TRANSFER_DONE, let text = unsafe flashkeep_transfer_certificate(transfer) else {
                return nil
            }
            return unsafe String(cString: text)
        }
        return nil
    }

    /// The key of a certificate. Pure.
    ///
    /// - Parameter pem: a certificate between its two lines (RFC 7468, section 5).
    static func key(pem: String) -> String? {
        let lines = pem.split(whereSeparator: \.isNewline)
        guard let first = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN CERTIFICATE") }),
            let last = lines[first...].firstIndex(where: { $0.hasPrefix("-----END CERTIFICATE") }),
            let data = Data(base64Encoded: lines[(first + 1)..<last].joined()),
            let info = publicKeyInfo(Array(data))
        else { return nil }
        let hex = StreamingChecksum.digest(of: info, .sha256).hex
        guard let sum = bytes(hex) else { return nil }
        return "sha256//" + Data(sum).base64EncodedString()
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = hex.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map {
            UInt8(truncatingIfNeeded: values[$0] << 4 | values[$0 + 1])
        }
    }

    /// The SubjectPublicKeyInfo of a certificate (RFC 5280, section 4.1): the seventh field of its first part, or the
    /// sixth if there is no version.
    private static func publicKeyInfo(_ der: [UInt8]) -> [UInt8]? {
        guard let certificate = Element(der[...]), let signed = Element(certificate.content) else { return nil }
        var rest = signed.content
        var fields: [Element] = []
        while fields.count < 8, let field = Element(rest) {
            fields.append(field)
            rest = rest[field.whole.endIndex...]
        }
        // [0]: the version.
        let position = fields.first?.tag == 0xA0 ? 6 : 5
        guard fields.indices.contains(position), fields[position].tag == 0x30 else { return nil }
        return Array(fields[position].whole)
    }

    /// An element of DER: tag, length, content (X.690, section 8.1).
    private struct Element {
        var tag: UInt8
        var content: ArraySlice<UInt8>
        var whole: ArraySlice<UInt8>

        init?(_ bytes: ArraySlice<UInt8>) {
            guard let tag = bytes.first, let short = bytes.dropFirst().first else { return nil }
            self.tag = tag
            var rest = bytes.dropFirst(2)
            var length = Int(short)
            if short >= 0x80 {
                let count = Int(short & 0x7F)
                guard (1...3).contains(count), rest.count >= count else { return nil }
                length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(count)
            }
            guard rest.count >= length else { return nil }
            content = rest.prefix(length)
            whole = bytes[bytes.startIndex..<content.endIndex]
        }
    }
}
