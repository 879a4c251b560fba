/// Compares prompts that a line may have damaged.
package enum PromptMatch {
    /// Whether a line equals the prompt except for one character that was lost, doubled or changed.
    package static func isNearly(_ line: [UInt8], _ prompt: [UInt8]) -> Bool {
        // Of a prompt that is a single character, nothing remains to compare.
        guard prompt.count > 1, abs(line.count - prompt.count) <= 1, line != prompt else { return false }
        let start = zip(line, prompt).prefix { $0 == $1 }.count
        let end = zip(line.reversed(), prompt.reversed()).prefix { $0 == $1 }.count
        return start + end >= max(line.count, prompt.count) - 1
    }
}
