package import FlashModel

/// The board's tools for reading and writing flash, and how to call each.
package struct LinuxToolbox: Sendable, Equatable {
    /// How to call each tool: `od`, or `busybox od` if the link is missing.
    package var invocations: [String: String]

    package init(invocations: [String: String]) {
        self.invocations = invocations
    }

    /// The tools that reading and writing can use.
    static let names = [
        "dd", "gzip", "base64", "uuencode", "xxd", "hexdump", "od", "tr", "sha256sum", "sha1sum", "md5sum", "cksum",
        "mkfifo", "mknod", "mktemp", "nanddump", "mtdinfo", "tail", "head", "printf", "uudecode", "flash_erase",
        "flash_eraseall",
        "mtd", "nc", "tftp", "ftpput", "wget", "httpd", "ip", "ifconfig", "df",
    ]

    /// Selects those that a board has.
    init(_ tools: LinuxTools) {
        self.init(
            invocations: Dictionary(
                uniqueKeysWithValues: Self.names.compactMap { name in tools.command(name).map { (name, $0) } }))
    }

    /// Whether the board has a tool.
    package func has(_ tool: String) -> Bool { invocations[tool] != nil }

    /// How to call a tool; just its name if the board may not have it.
    package func invocation(_ tool: String) -> String { invocations[tool] ?? tool }

    /// The checksums that the board can compute, best first.
    package var checksumAlgorithms: [ChecksumAlgorithm] {
        [(ChecksumAlgorithm.sha256, "sha256sum"), (.sha1, "sha1sum"), (.md5, "md5sum"), (.cksum, "cksum")]
            .filter { has($0.1) }.map(\.0)
    }

    /// The checksum that the board computes in the least time, which is enough to find what a line has damaged; nil if
    /// there is none.
    var quickestChecksum: ChecksumAlgorithm? { [.md5, .cksum, .sha1, .sha256].first { command(for: $0) != nil } }

    /// The command that computes a checksum of its standard input; nil if there is none.
    func command(for algorithm: ChecksumAlgorithm) -> String? {
        let name: String
        switch algorithm {
        case .sha256: name = "sha256sum"
        case .sha1: name = "sha1sum"
        case .md5: name = "md5sum"
        case .cksum: name = "cksum"
        case .crc32: return nil
        }
        return has(name) ? invocation(name) : nil
    }

    /// Parses the output of a checksum tool; nil if it is not a checksum.
    static func digest(_ line: some StringProtocol, _ algorithm: ChecksumAlgorithm) -> Digest? {
        guard let word = line.split(separator: " ").first else { return nil }
        switch algorithm {
        case .cksum:
            guard let value = UInt32(word) else { return nil }
            return Digest(algorithm: .cksum, hex: Hexadecimal.text(value))
        case .sha256, .sha1, .md5, .crc32:
            let hex = word.lowercased()
            guard hex.utf8.count == algorithm.bits / 4, hex.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
            else { return nil }
            return Digest(algorithm: algorithm, hex: hex)
        }
    }
}
