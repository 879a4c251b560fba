import TestSupport

/// A fault of a command that writes.
package struct UBootWriteFault: Sendable {
    package enum Kind: Sendable {
        /// Reports success, and does nothing: serial flash whose lock bits are set (reports about OpenIPC's U-Boot for
        /// GK7205V200).
        case nothing
        /// Reports success, and does the first half. Without evidence: `malta-cp` stops early, but says so.
        case half
        /// Prints its usage (`malta-errors`).
        case usage
        /// Succeeds, and prints this in addition. Without evidence for a success.
        case complains(String)
        /// Does nothing, and prints this (`malta-cp`: `Flash not Erased`).
        case fails(String)
    }

    package var kind: Kind
    /// Whether `cp` works correctly between flash and RAM, and fails only into flash.
    package var isOnFlashOnly: Bool

    package init(_ kind: Kind, isOnFlashOnly: Bool = false) {
        self.kind = kind
        self.isOnFlashOnly = isOnFlashOnly
    }
}

extension UBootMachine {
    /// Runs a line with the fault of its command.
    mutating func run(_ line: String) -> Done {
        let words = line.split(separator: " ").map(String.init)
        guard let fault = scenario.writeFaults.first(where: { (line + " ").hasPrefix($0.key) })?.value,
            !fault.isOnFlashOnly || isIntoFlash(words)
        else { return obey(line) }
        let (hardware, memory, protected) = (scenario.hardware, self.memory, self.protected)
        switch fault.kind {
        case .usage: return obey("help \(words.first ?? "")")
        case .fails(let text): return Done(text: text + "\n")
        case .complains(let text):
            var done = obey(line)
            done.text += text + "\n"
            return done
        case .nothing:
            let done = obey(line)
            (scenario.hardware, self.memory, self.protected) = (hardware, memory, protected)
            return done
        case .half:
            let done = obey(line)
            for (id, before) in hardware.chips {
                guard let after = scenario.hardware.chips[id]?.bytes else { continue }
                let changed = after.indices.filter { after[$0] != before.bytes[$0] }
                for place in changed.dropFirst(changed.count / 2) {
                    scenario.hardware.chips[id]?.bytes[place] = before.bytes[place]
                }
            }
            if words.count == 4, words[0].hasPrefix("cp"), !isIntoFlash(words), let target = Self.number(words[2]),
                let count = Self.number(words[3]).map({ Int(clamping: $0) })
            {
                self.memory.write(
                    target + UInt64(count / 2), memory.read(target + UInt64(count / 2), count - count / 2))
            }
            return done
        }
    }

    private func isIntoFlash(_ words: [String]) -> Bool {
        guard words.count == 4, words[0].hasPrefix("cp"), let target = Self.number(words[2]) else { return true }
        return scenario.bases.contains { id, base in
            let size = UInt64(scenario.hardware.chips[id]?.bytes.count ?? 0)
            return target >= base && target - base < size
        }
    }
}
