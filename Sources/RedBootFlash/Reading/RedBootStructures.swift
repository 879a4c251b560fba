import FlashAccess
import FlashModel

/// Reads RedBoot's directory and configuration from flash itself: `fis list` leaves out some images, and prints no
/// checksum of what it read.
struct RedBootStructures {
    /// The most bytes that are read of either: the largest erase block in the field.
    private static let limit: UInt64 = 256 << 10
    private static let configurationName = "RedBoot config"

    let reader: RedBootFlashReader

    /// Returns the facts, with what was read.
    func added(to facts: RedBootFacts) async throws -> RedBootFacts {
        var facts = facts
        if let (address, bytes) = try await bytes(of: RedBootDirectory.ownName, &facts) {
            let copy = try await self.bytes(of: RedBootDirectory.copyName, &facts)
            facts.directory = RedBootDirectory.valid(
                RedBootDirectory(bytes, at: address), copy.flatMap { RedBootDirectory($0.1, at: $0.0) })
            if facts.directory == nil {
                // fis list reads through the flash's driver (fis_read_directory). Builds for flash that is not
                // memory-mapped (CYGSEM_IO_FLASH_READ_INDIRECT; SPI) would dump, and sum up, whatever the bus gives.
                facts.doubts.append(
                    "memory at \(RedBootCommands.hex(address)) is not the directory that fis list prints: either that is "
                        + "damaged on flash, or RedBoot reads its flash in another way than through memory")
            }
        }
        if let (_, bytes) = try await bytes(of: Self.configurationName, &facts) {
            facts.configuration = RedBootConfiguration(bytes)
            if let configuration = facts.configuration, !configuration.isWhole {
                facts.notes.append("RedBoot's configuration on flash was not understood completely")
            } else if facts.configuration == nil {
                facts.notes.append(
                    "RedBoot's configuration on flash has no correct checksum: it was never written, or is damaged")
            }
        }
        return facts
    }

    /// The bytes of an image that `fis list` names, and their address; nil if it lists none, or one that cannot be read.
    private func bytes(of name: String, _ facts: inout RedBootFacts) async throws -> (UInt64, [UInt8])? {
        guard let row = facts.images?.row(name) else { return nil }
        guard let chip = facts.chip(at: row.flashAddress)?.chip, row.length > 0, row.length <= Self.limit,
            row.length <= chip.range.upperBound - row.flashAddress
        else {
            facts.notes.append(
                "\"\(PrintableText.escaped(name))\" is not where a chip is (\(RedBootCommands.hex(row.flashAddress)), "
                    + "\(RedBootCommands.hex(row.length)) bytes), and was not looked at")
            return nil
        }
        let start = Int(row.flashAddress - chip.start)
        var bytes: [UInt8] = []
        try await reader.read(start..<start + Int(row.length), from: chip.start) { bytes += $0.bytes }
        return (row.flashAddress, bytes)
    }
}
