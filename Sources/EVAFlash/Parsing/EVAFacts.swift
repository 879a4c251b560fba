internal import FlashAccess
internal import FlashModel

/// What a loader says about itself, as it says it.
struct EVAFacts: Sendable, Hashable {
    /// The answer about one variable.
    enum Answer: Sendable, Hashable {
        case value(ByteText)
        /// The loader does not have it: `501 environment variable not set`.
        case missing
        /// What was replied is no value.
        case unclear(String)
    }

    /// `AVM EVA Version 1.1964 0x0 0x740D`; nil if the loader does not say.
    var system: String?
    var answers: [EVAVariable: Answer] = [:]
    /// Whether `CHECK` works; nil if there is no partition to try it with.
    var checks: Bool?
    /// The dialogue, as evidence.
    var dialogue: [UInt8] = []

    init() {}

    /// The text of a variable; nil if there is none.
    func text(_ identity: EVAVariable.Identity) -> String? {
        guard case .value(let value) = answers[.identity(identity)], !value.isEmpty else { return nil }
        return PrintableText.escaped(value.string(limit: 100), limit: 100)
    }

    /// Keeps the answer to `GETENV`.
    mutating func note(_ variable: EVAVariable, _ reply: FTPReply) {
        for line in reply.lines where !line.isEmpty { dialogue += line.bytes + [0x0A] }
        if reply.isDone, let value = reply.value(of: variable.name) {
            answers[variable] = .value(value)
        } else if reply.code == 501 {
            answers[variable] = .missing
        } else {
            answers[variable] = .unclear(reply.words)
        }
    }
}

/// A partition as `GETENV mtdN` gives it.
struct EVAPartition: Sendable, Hashable {
    var name: EVAPartitionName
    /// The addresses, in bytes: of memory if the flash is mapped, otherwise on its chip.
    var range: Range<Int>

    /// Parses `0x90010000,0x90780000`, the end excluded; nil if it is none.
    static func range(_ value: ByteText) -> Range<Int>? {
        let parts = value.split(0x2C, most: 2).map(\.trimmed)
        guard parts.count == 2, parts.allSatisfy({ $0.hasPrefix("0x") || $0.hasPrefix("0X") }),
            let start = parts[0].hexadecimal, let end = parts[1].hexadecimal, start <= end
        else { return nil }
        return start..<end
    }
}

/// The size of the flash as `flashsize` gives it.
struct EVAFlashSize: Sendable, Hashable {
    struct Part: Sendable, Hashable {
        /// As in the variable: `nor`, `sflash`, `nand`; `flash` for the old form.
        var name: String
        var kind: Chip.Kind
        /// In bytes, not 0.
        var size: Int
    }

    var parts: [Part]

    /// Parses `0x00800000`, or `nor_size=0MB sflash_size=256KB nand_size=128MB` (environments of a Fritz!Box 7170 and 3272
    /// that owners posted); nil if it is neither.
    init?(_ value: ByteText) {
        if value.hasPrefix("0x") || value.hasPrefix("0X") {
            guard let size = value.hexadecimal, size > 0 else { return nil }
            parts = [Part(name: "flash", kind: .unknown, size: size)]
            return
        }
        parts = []
        for word in value.words {
            let forms: [(String, Chip.Kind)] = [("nor", .nor), ("sflash", .spiNOR), ("nand", .nand)]
            guard let (name, kind) = forms.first(where: { word.hasPrefix("\($0.0)_size=") }),
                var digits = word.dropping("\(name)_size="), let number = digits.takeDecimal(),
                let unit = ["MB": 1 << 20, "KB": 1 << 10, "GB": 1 << 30, "B": 1, "": 1][digits.string(limit: 8)],
                let size = number.times(unit), size <= BoardLimits.number,
                !parts.contains(where: { $0.name == name })
            else { return nil }
            if size > 0 { parts.append(Part(name: name, kind: kind, size: size)) }
        }
        guard !parts.isEmpty else { return nil }
    }
}
