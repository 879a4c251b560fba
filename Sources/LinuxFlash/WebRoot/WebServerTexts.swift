internal import FlashAccess

/// A web server that runs on a board, by its command line. Pure.
package struct WebServerProcess: Sendable, Hashable {
    /// The words of its command line.
    package var words: [String]
    /// The folder in which it runs; nil if that is unknown.
    package var folder: String?

    /// The programs that are known to be web servers; so is everything whose name ends with `httpd`.
    private static let names: Set<String> = [
        "boa", "nginx", "goahead", "webs", "appweb",
    ]

    /// The shell's patterns of all of them.
    static let patterns = ["*httpd*", "*boa*", "*nginx*", "*goahead*", "*webs*", "*appweb*"]

    /// Parses what ``WebRootQuestions/processes(root:_:)`` prints: for each process `== FOLDER`, then its words, one on
    /// each line.
    ///
    /// - Returns: those that are web servers.
    package static func parse(_ text: String) -> [WebServerProcess] {
        var found: [WebServerProcess] = []
        for line in text.split(whereSeparator: \.isNewline).prefix(BoardLimits.devices * 8) {
            if line.hasPrefix("== ") || line == "==" {
                let folder = line.dropFirst(3)
                found.append(WebServerProcess(words: [], folder: folder.isEmpty ? nil : String(folder)))
            } else if !found.isEmpty, found[found.count - 1].words.count < 64 {
                found[found.count - 1].words.append(String(line.prefix(256)))
            }
        }
        return found.filter(\.isServer)
    }

    private var isServer: Bool {
        // Busybox may be called by its own name, with the applet behind it. A script has its interpreter before it.
        words.prefix(2).contains { word in
            let name = String(word.split(separator: "/").last ?? "")
            return Self.names.contains(name) || name.hasSuffix("httpd")
        }
    }

    /// The absolute paths among its words, also `-h/www`: folders of files, or configuration files.
    var paths: [String] {
        words.dropFirst().compactMap { word in
            if word.hasPrefix("/") { return word }
            let rest = word.dropFirst(2)
            return word.hasPrefix("-") && rest.hasPrefix("/") ? String(rest) : nil
        }
    }

    /// The TCP ports that its words name, as `-p 8080`, `-p 0.0.0.0:80` or `-p8080`.
    package var ports: [Int] {
        var found: [Int] = []
        for (index, word) in words.enumerated() where word.hasPrefix("-p") {
            let value = word == "-p" ? (index + 1 < words.count ? words[index + 1] : "") : String(word.dropFirst(2))
            if let last = value.split(separator: ":").last, let port = Int(last), (1...65_535).contains(port) {
                found.append(port)
            }
        }
        return found
    }
}

/// The folders and ports that configuration files of web servers name. Pure.
package struct WebServerConfiguration: Sendable, Hashable {
    package var folders: [String] = []
    package var ports: [Int] = []

    /// What a line must contain to name a folder, in lower case: boa's and Apache's `DocumentRoot`, lighttpd's
    /// `server.document-root`, nginx' `root`, mini_httpd's and thttpd's `dir`, busybox' `H:`.
    private static let keys = ["documentroot", "document-root", "root", "dir", "wwwroot", "home", "h:"]
    private static let portKeys = ["port", "listen"]

    /// Collects them from the text of any number of files.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline).prefix(4_000) {
            let words = line.split(whereSeparator: { " \t=\"';".contains($0) })
            guard let key = words.first?.lowercased(), !key.hasPrefix("#") else { continue }
            if Self.keys.contains(where: { key.hasSuffix($0) || key.hasPrefix("h:") }) {
                let path =
                    key.hasPrefix("h:")
                    ? words.first.map { String($0.dropFirst(2)) }
                    : words.dropFirst().first
                        .map(String.init)
                if let path, path.hasPrefix("/"), path.utf8.count <= 256 { folders.append(path) }
            }
            if Self.portKeys.contains(where: { key.hasSuffix($0) }), let value = words.dropFirst().first,
                let last = value.split(separator: ":").last, let port = Int(last), (1...65_535).contains(port)
            {
                ports.append(port)
            }
        }
    }
}
