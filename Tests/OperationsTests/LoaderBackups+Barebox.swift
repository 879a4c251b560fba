import FlashModel
import TestBoards

extension LoaderBackups.Board {
    /// barebox with one chip, and partitions on it.
    static func barebox(isNAND: Bool = false, _ change: (inout BareboxScenario) -> Void = { _ in }) -> Self {
        let chip =
            isNAND
            ? SimulatedHardware.Flash(
                "nand0", kind: .nand, blocks: 6, blockSize: 4096, pageSize: 512, oobSize: 16, badBlocks: [3], seed: 22)
            : SimulatedHardware.Flash("nor0", kind: .nor, blocks: 8, blockSize: 4096, seed: 21)
        let last = chip.bytes.count / 4096
        var scenario = BareboxScenario(
            SimulatedHardware(
                identity: BoardIdentity(), chips: [chip],
                devices: [chip.device(0, "barebox", 0..<1), chip.device(1, "root", 2..<last)]))
        change(&scenario)
        return Self(
            name: "barebox, \(isNAND ? "NAND" : "NOR")", personality: scenario, cuts: [8_000, 20_000, 60_000],
            isReading: { command in
                let words = command.split(separator: " ").map(String.init)
                switch words.first {
                case "help": return words.count == 1
                case "echo": return words.count == 2 && words[1].hasPrefix("$global.")
                case "devinfo": return words.count <= 2
                case "nand": return words == ["nand", "-i", "/dev/nand0"]
                case "md": return words.count == 5 && words[1] == "-b" && words[2] == "-s"
                case "crc32": return words.count == 4 && words[1] == "-f"
                // To a file in RAM, which is sent and removed.
                case "memcpy": return words.count == 8 && words[1] == "-s" && words[4].hasPrefix("/fk")
                case "tftp": return words.count == 4 && words[1] == "-p" && words[2].hasPrefix("/fk")
                case "rm": return words.count == 2 && words[1].hasPrefix("/fk")
                case "ifup": return words == ["ifup", "eth0"]
                case let first?: return first.hasPrefix("eth0.") && first.contains("=")
                case nil: return false
                }
            })
    }

    static let bareboxes: [Self] = [barebox(), barebox(isNAND: true)]
}
