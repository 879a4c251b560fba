import FlashAccess

/// The programs that a board has, and their variants. A name proves nothing: the program may be busybox's, an old
/// release or the vendor's.
package struct LinuxTools: Sendable, Hashable {
    /// The variants of `nanddump`, by their help texts. Each treats bad blocks and OOB differently.
    package enum Nanddump: String, Sendable, Hashable {
        /// mtd-utils since 1.4.7: `--bb=METHOD` with `dumpbad` (since 1.4.5), and `--omitoob` as the default.
        case mtdUtils = "mtd-utils"
        /// mtd-utils before 1.4.7: dumps OOB by default, `-o` omits it.
        case mtdUtilsOld = "mtd-utils before 1.4.7"
        /// busybox since 1.23: `--bb=padbad|skipbad`; the default is skipbad, whatever the help says.
        case busybox = "busybox since 1.23"
        /// busybox before 1.23: without `-b`, never ends on a bad block.
        case busyboxEndless = "busybox before 1.23"
        /// Something else, which must not be used.
        case unknown
    }

    /// The path of each program by name, or just the name if it is built into the shell.
    package var paths: [String: String] = [:]
    /// The link target of each program's path, by name.
    package var links: [String: String] = [:]
    /// The version, such as `1.36.1`; nil if there is no busybox, or it is unknown.
    package var busyboxVersion: String?
    /// The applets that busybox lists, with links or without.
    package var applets: Set<String> = []
    /// The variant of `nanddump`; nil if there is none.
    package var nanddump: Nanddump?
    /// The version, such as `2.1.5`, if `nanddump --version` or `mtdinfo --version` shows it.
    package var mtdUtilsVersion: String?

    /// Parses the replies to the probes `tools.txt`, `busybox.txt` and `nanddump-help.txt`.
    package init(_ replies: [String: LinuxProbeReply]) {
        for line in replies["tools.txt"]?.lines.prefix(500) ?? [] {
            if let target = line.after(" -> ")?.trimmed {
                // `lrwxrwxrwx 1 root root 7 Jan 1 1970 /bin/dd -> busybox`
                guard let path = line.before(" -> ")?.words.last, let name = Self.toolName(path) else { continue }
                links[name] = target.string()
            } else if let alias = line.dropping("alias "), let name = alias.before("=").flatMap(Self.toolName) {
                paths[name] = name
            } else if line.dropping("/") != nil || line.words.count == 1, let name = Self.toolName(line.trimmed) {
                paths[name] = line.trimmed.string()
            }
        }
        if let reply = replies["busybox.txt"] { readBusybox(reply) }
        if let reply = replies["nanddump-help.txt"], paths["nanddump"] != nil {
            nanddump = Self.nanddump(reply)
        }
        mtdUtilsVersion = Self.mtdUtilsVersion(replies)
    }

    /// The tool in a path; nil if it was not looked for.
    private static func toolName(_ path: ByteText) -> String? {
        path.split(0x2F).last.map { $0.string(limit: 64) }.flatMap { LinuxProbes.toolNames.contains($0) ? $0 : nil }
    }

    private mutating func readBusybox(_ reply: LinuxProbeReply) {
        var isList = false
        for line in reply.lines.prefix(500) {
            if busyboxVersion == nil, let rest = line.after("BusyBox v"), let version = rest.words.first {
                busyboxVersion = version.string(limit: 32)
            }
            if line.contains("urrently defined functions") {
                isList = true
            } else if isList {
                for name in line.split(0x2C) where !name.trimmed.isEmpty && applets.count < 1000 {
                    applets.insert(name.trimmed.string(limit: 64))
                }
            }
        }
    }

    private static func nanddump(_ reply: LinuxProbeReply) -> Nanddump {
        let lines = reply.lines
        let has = { (text: String) in lines.contains { $0.contains(text) } }
        guard has("nanddump") || has("Usage") else { return .unknown }
        if has("BusyBox v") || has("multi-call binary") {
            return has("--bb") ? .busybox : .busyboxEndless
        }
        if has("dumpbad") {
            // 1.4.5 and 1.4.6 support --bb= but still dump OOB by default.
            return lines.contains { $0.contains("--omitoob") && $0.contains("default") } ? .mtdUtils : .mtdUtilsOld
        }
        // busybox may be built without its banner in help texts, but its wording is unique.
        if has("padbad|skipbad") { return .busybox }
        if has("Omit bad block from the dump"), has("Omit oob data") || has("Dump oob data") { return .busyboxEndless }
        return has("--omitbad") || has("omitoob") || has("-b") ? .mtdUtilsOld : .unknown
    }

    private static func mtdUtilsVersion(_ replies: [String: LinuxProbeReply]) -> String? {
        for line in replies["nanddump-help.txt"]?.lines ?? [] {
            for words in ["(mtd-utils) ", "mtdinfo version ", "mtd-utils "] {
                if let version = line.after(words)?.words.first, let first = version.bytes.first, first >= 0x30,
                    first <= 0x39
                {
                    return version.string(limit: 32)
                }
            }
        }
        return nil
    }

    /// Whether a program can be started by its name.
    package func has(_ name: String) -> Bool { paths[name] != nil }

    /// The command that starts a program: its name, or `busybox NAME` if only the link is missing; nil if it is not
    /// available.
    package func command(_ name: String) -> String? {
        if has(name) { return name }
        return applets.contains(name) && has("busybox") ? "busybox \(name)" : nil
    }

    /// Whether a program is busybox's: a link to it, or an applet that the shell starts without a file.
    package func isBusybox(_ name: String) -> Bool {
        if let link = links[name] {
            return link.hasSuffix("busybox") || link.hasSuffix("busybox.nosuid") || link.hasSuffix("busybox.suid")
        }
        return applets.contains(name) && (paths[name] ?? name) == name
    }

    /// Each program's version as far as it is known, for ``FlashModel/Survey/tools``: `busybox 1.36.1`,
    /// `mtd-utils 2.1.5`, or an empty text.
    package var summary: [String: String] {
        var result: [String: String] = [:]
        for name in LinuxProbes.toolNames {
            guard command(name) != nil else { continue }
            if isBusybox(name) || name == "busybox" {
                result[name] = "busybox" + (busyboxVersion.map { " " + $0 } ?? "")
            } else {
                result[name] = ""
            }
        }
        switch nanddump {
        case .mtdUtils?: result["nanddump"] = "mtd-utils" + (mtdUtilsVersion.map { " " + $0 } ?? "")
        case .unknown?: result["nanddump"] = "unknown kind"
        case let other?: result["nanddump"] = other.rawValue
        case nil: break
        }
        for name in ["mtdinfo", "flash_erase", "nandwrite", "ubinfo"] where result[name] == "" && mtdUtilsVersion != nil
        {
            result[name] = "mtd-utils" + (mtdUtilsVersion.map { " " + $0 } ?? "")
        }
        return result
    }
}
