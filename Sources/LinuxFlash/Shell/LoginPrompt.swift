import BoardConsoles

/// What a board's console asks for, judged by its last output. Pure.
package enum LoginPrompt: Equatable, Sendable {
    /// `login:`
    case user
    /// `Password:`
    case password
    /// The user or password was wrong.
    case denied
    /// `Please press Enter to activate this console.`
    case pressEnter
    /// A bootloader's prompt or menu.
    case bootloader(String)
    /// A kernel is starting.
    case booting
    /// Only kernel messages arrive.
    case kernelOnly

    /// - Parameters:
    ///   - bytes: what was received since the last input was sent.
    ///   - kernel: kernel messages of the same period, if they were already removed.
    ///   - isTorn: whether the output never pauses, so that a question may be in the middle of it.
    package init?(_ bytes: [UInt8], kernel: [UInt8] = [], isTorn: Bool = false) {
        let plain = TerminalText.plain(bytes.suffix(8_192))
        let (said, hasMessages) = TerminalText.withoutKernelMessages(plain)
        let hadMessages = hasMessages || !kernel.isEmpty
        let text = String(decoding: said, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        let last = lines.last.map { $0.drop { $0 == " " } } ?? ""
        let lower = last.lowercased()
        let trimmed = String(lower.reversed().drop { $0 == " " }.reversed())
        if trimmed.hasSuffix("login:") || trimmed.hasSuffix("username:") || trimmed.hasSuffix("user name:")
            || trimmed.hasSuffix("user:")
        {
            // "Login incorrect" precedes the next question.
            self = Self.isDenial(lines.suffix(4).dropLast(), asksAgain: true) ? .denied : .user
        } else if trimmed.hasSuffix("password:") || trimmed.hasSuffix("passwd:") {
            self = .password
        } else if Self.isDenial(lines.suffix(2), asksAgain: false) {
            self = .denied
        } else if lines.suffix(3).contains(where: Self.asksForEnter) {
            self = .pressEnter
        } else if let prompt = Self.bootloaderPrompt(trimmed, text) {
            self = .bootloader(prompt)
        } else if isTorn, let question = lines.reversed().lazy.compactMap(Self.question).first {
            self = question
        } else if Self.isStart(text) || (hadMessages && Self.isStart(String(decoding: plain + kernel, as: UTF8.self))) {
            self = .booting
        } else if hadMessages, lines.allSatisfy({ $0.allSatisfy { $0 == " " } }) {
            self = .kernelOnly
        } else {
            return nil
        }
    }

    /// A login question at the start of a line that continues with something else.
    private static func question(_ line: Substring) -> Self? {
        let start = line.prefix(64).lowercased()
        if start.hasPrefix("password: ") || start.hasPrefix("passwd: ") { return .password }
        let words = start.split(separator: " ", maxSplits: 2)
        return words.prefix(2).contains("login:") && words.first != "last" ? .user : nil
    }

    private static func isStart(_ text: String) -> Bool {
        ["Starting kernel", "Booting Linux", "Linux version"].contains { text.contains($0) }
    }

    /// Whether lines say that the user or the password was wrong.
    ///
    /// - Parameter asksAgain: whether the question follows. Without it, "permission denied" may come from a greeting or a
    ///   profile of a login that succeeded.
    private static func isDenial(_ lines: some Sequence<Substring>, asksAgain: Bool) -> Bool {
        let words =
            ["login incorrect", "authentication failed", "login failed", "incorrect password"]
            + (asksAgain ? ["access denied", "permission denied"] : [])
        return lines.contains { line in
            let line = line.lowercased()
            return words.contains { line.contains($0) }
        }
    }

    private static func asksForEnter(_ line: Substring) -> Bool {
        let line = line.lowercased()
        return line.contains("press") && line.contains("enter") && line.contains("activate")
    }

    /// Prompts of bootloaders: `=> `, `U-Boot> `, `RedBoot> `, `CFE> `, `ar7240> `, `maltael # `. The last form could
    /// also be a shell's, so it counts only after a bootloader's banner.
    private static func bootloaderPrompt(_ line: String, _ text: String) -> String? {
        for prompt in ["=>", "u-boot>", "redboot>", "cfe>", "uboot>", "mt7621 #", "mt7628 #", "ar7240>", "ath>"]
        where line == prompt {
            return prompt
        }
        if text.contains("U-Boot"), text.contains("Hit any key to stop autoboot"), line.hasSuffix("#") {
            return line
        }
        return nil
    }
}
