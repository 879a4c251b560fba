private import BoardChannels
internal import BoardConsoles
internal import FlashModel
internal import Transfers

/// How frames of flash data are transferred on a line.
struct TransferPlan {
    var encoding: InlineEncoding
    /// The checksum of each frame; nil if the line needs none, or the encoding has its own.
    var checksum: ChecksumAlgorithm?
    /// Whether each frame must be read until two copies agree: the line is bad, and there is no checksum.
    var readsTwice: Bool
    var isReliable: Bool
    /// The bytes in a frame, and in all frames of one command.
    var frameSize: Int
    var batchSize: Int

    /// Chooses the cheapest encoding that transfers all byte values unchanged.
    static func choose(_ shell: ShellSession, _ toolbox: LinuxToolbox) async throws -> TransferPlan {
        let traits = shell.console.channel.traits
        if traits.isReliable && shell.line == .clean {
            return TransferPlan(
                encoding: .raw, checksum: nil, readsTwice: false, isReliable: true, frameSize: 4 << 20,
                batchSize: 64 << 20)
        }
        // Many a telnetd writes a packet for every few bytes, so that sending costs the board more than compressing.
        let compresses = toolbox.has("gzip") && (traits.isSlow || traits.scheme == "telnet")
        let texts = InlineEncoding.TextForm.allCases.filter { toolbox.has($0.rawValue) }
        var candidates: [InlineEncoding] = []
        if compresses { candidates.append(InlineEncoding(isCompressed: true, text: nil)) }
        candidates.append(.raw)
        for text in texts {
            if compresses && text != .tr {
                candidates.append(InlineEncoding(isCompressed: true, text: text))
            }
            candidates.append(InlineEncoding(isCompressed: false, text: text))
        }
        // If no candidate passes, the line may only be noisy. The last candidate is used then, and each frame's
        // checksum decides.
        var chosen = candidates.last ?? .raw
        var isChanging = true
        for candidate in candidates {
            let survival = try await survival(shell, toolbox, candidate)
            if survival == .whole {
                chosen = candidate
                isChanging = false
                break
            }
            isChanging = isChanging && survival == .changed
        }
        if isChanging { throw changingLine(traits.address) }
        // The fastest tool that detects a damaged frame; gzip has its own CRC-32.
        let checksum: ChecksumAlgorithm? =
            chosen.isCompressed || chosen.text == .tr
            ? nil : toolbox.quickestChecksum
        return TransferPlan(
            encoding: chosen, checksum: checksum,
            readsTwice: checksum == nil && !chosen.isCompressed && chosen.text != .tr,
            isReliable: false, frameSize: traits.isSlow ? 64 << 10 : 256 << 10,
            batchSize: traits.isSlow ? 256 << 10 : 4 << 20)
    }

    private static func changingLine(_ address: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "Flash data is altered on its way through \(address).",
            why:
                "The board's terminal changes some bytes (probably tabs), and the board has neither stty to turn that "
                + "off, nor any of \(InlineEncoding.TextForm.allCases.map(\.rawValue).joined(separator: ", ")) to send "
                + "them as text.",
            next: "Use SSH if the board has it, or another console; or start an initramfs that has more tools.")
    }

    /// What happens to bytes in transfer.
    private enum Survival {
        case whole
        /// They arrived wrong twice, in the same way.
        case changed
        case damaged
    }

    /// Tests whether all 256 byte values arrive, and pairs that terminals and telnet servers are known to change.
    private static func survival(
        _ shell: ShellSession, _ toolbox: LinuxToolbox, _ encoding: InlineEncoding
    ) async throws -> Survival {
        guard toolbox.has("printf") else {
            return encoding.text != nil || shell.line == .clean ? .whole : .damaged
        }
        let pattern = (0...255).map { UInt8($0) } + [0x0D, 0x00, 0x0D, 0x0A, 0x0A, 0x0D, 0xFF, 0xFF, 0x11, 0x13, 0x03]
        // In parts, since a line may hold fewer than 1,000 characters.
        var pieces: [String] = []
        for start in stride(from: 0, to: pattern.count, by: 64) {
            let octal = pattern[start..<min(start + 64, pattern.count)].map { byte in
                let digits = String(byte, radix: 8)
                return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
            pieces.append("printf '\(octal.joined())'")
        }
        try await shell.define("fkpattern", "fkpattern(){\n\(pieces.joined(separator: "\n"))\n}")
        defer { shell.forget("fkpattern") }
        let command = encoding.command("fkpattern", toolbox.invocation)
        var first: [UInt8]?
        // Twice, since a single failure may be noise.
        for _ in 0..<2 {
            do {
                try await shell.start(command)
                let (arrived, _) = try await shell.finish(command)
                let decoded = encoding.decode(arrived, lineEndsAreMapped: shell.line == .mapped, limit: 4_096)
                if decoded == pattern { return .whole }
                if first == arrived { return .changed }
                first = arrived
            } catch let error as FlashkeepError where error.code.isLostReply {
                try await shell.interrupt()
            }
        }
        return .damaged
    }
}
