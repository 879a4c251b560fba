import BoardChannels

extension ConsoleSearch {
    enum Verdict {
        /// With the prompt as it came twice, if the candidate was damaged on its way.
        case answers(any DialectRecognizer, prompt: [UInt8]?)
        case no
        /// It printed, and echoes nothing.
        case deaf
        /// Each character comes back twice.
        case doubles
    }

    /// How often no echo, or no complaint, must come for that to be no accident of the line.
    private static let believed = 3

    /// What a word that no loader knows begins with. At a prompt that is not what it seems, such as that of a menu, the first
    /// letter may be a choice: `f` writes an image to flash in CFE, and `e` erases; `d`, `i`, `w`, `b` and `c` mean
    /// something there, `D` and `J` in Realtek's loader, and RedBoot completes the beginnings of its commands. No
    /// bootloader that Flashkeep knows has a command that begins with `z`, but for U-Boot's `zip` and `zboot`, which want
    /// whole words.
    static let unknownWord = "zk"

    /// Says a word that no loader knows, and sees who complains.
    mutating func prove(_ candidate: [UInt8], _ console: Console) async throws -> Verdict {
        var hasHeard = false
        var (silent, denied, doubled) = (0, 0, 0)
        var lastPrompt = candidate
        for attempt in 0..<timing.attempts {
            if attempt > 0 {
                try await console.channel.write([0x03])
                _ = try await console.collect(quiet: timing.settled, longest: timing.settled * 4)
            }
            let word = Array((Self.unknownWord + identifier.nonce().prefix(8)).utf8)
            var echo: [UInt8] = []
            for byte in word {
                try await console.channel.write([byte])
                if let got = try await console.bytes(within: timing.echo) { echo += got.suffix(word.count + 1) }
                if echo.isEmpty { break }
            }
            if echo.isEmpty, try await mayAnswerWithoutEcho(candidate, word, console) {
                switch try await complaint(at: candidate, lastPrompt, console) {
                case .answers(let dialect, let prompt): return .answers(dialect, prompt: prompt)
                case .nearly(let prompt):
                    lastPrompt = prompt
                    continue
                case .unclear, .no: break
                }
            }
            if echo.isEmpty {
                // A countdown may be over, and the system starting: it is not deaf then.
                silent += 1
                if silent == Self.believed { break }
                continue
            }
            hasHeard = true
            if echo == word.flatMap({ [$0, $0] }) { doubled += 1 }
            if doubled == Self.believed { return .doubles }
            guard echo == word else { continue }
            try await console.send("\r")
            switch try await complaint(at: candidate, lastPrompt, console) {
            case .answers(let dialect, let prompt): return .answers(dialect, prompt: prompt)
            case .nearly(let prompt):
                lastPrompt = prompt
                continue
            case .unclear: continue
            case .no: break
            }
            // Words that a bad line made others do so each time anew.
            denied += 1
            if denied == Self.believed { break }
        }
        if hasHeard { unknownPrompt = candidate }
        return hasStarted && !hasHeard ? .deaf : .no
    }

    /// Completes a word of which no character was echoed, if a dialect does without echo at this prompt.
    private func mayAnswerWithoutEcho(
        _ candidate: [UInt8], _ word: [UInt8], _ console: Console
    ) async throws -> Bool {
        guard identifier.recognizers.contains(where: { $0.mayAnswerWithoutEcho(at: candidate) }) else { return false }
        try await console.channel.write(Array(word.dropFirst()))
        try await console.send("\r")
        return true
    }

    private enum Complaint {
        case answers(any DialectRecognizer, prompt: [UInt8]?)
        /// A dialect's own words, and a prompt that differs from the candidate by a character.
        case nearly(prompt: [UInt8])
        /// A dialect's own words, and no prompt.
        case unclear
        case no
    }

    /// Reads the reply to a word that no loader knows, and asks each dialect whether the words are its own.
    private mutating func complaint(
        at candidate: [UInt8], _ lastPrompt: [UInt8], _ console: Console
    ) async throws -> Complaint {
        var isWhole = false
        let fresh = identifier.recognizers
        let reply = try await console.collect(
            quiet: timing.settled, longest: timing.settled * 10,
            until: { reply in
                isWhole = fresh.contains { $0.judge(reply, at: candidate) == .complains(prompt: candidate) }
                return isWhole
            })
        // Nothing follows the prompt; if something does, another prompt comes.
        if isWhole, let more = try await console.bytes(within: timing.quiet * 2) { console.putBack(more) }
        seen = Array((seen + reply).suffix(8_192))
        for dialect in fresh {
            switch dialect.judge(reply, at: candidate) {
            case .complains(let prompt):
                return [candidate, lastPrompt].contains(prompt)
                    ? .answers(dialect, prompt: prompt) : .nearly(prompt: prompt)
            case .unclear: return .unclear
            case .answers: return .answers(dialect, prompt: nil)
            case .no: continue
            }
        }
        return .no
    }
}
