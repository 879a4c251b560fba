private import BoardChannels
internal import BoardConsoles
internal import FlashAccess

/// Describes how flash is transferred from a bootloader that prints it.
package struct LoaderTransferDescription: TransferDescribing {
    private let session: LoaderSession
    private let chips: [any LoaderChipReading]

    package init(_ session: LoaderSession, _ chips: [any LoaderChipReading]) {
        self.session = session
        self.chips = chips
    }

    package var transferName: String { Set(chips.map(\.name)).sorted().joined(separator: ", ") }

    /// Characters of ten bits each. Unknown while a chip may come over the network.
    package var usualRate: Int? {
        let costs = chips.compactMap(\.cost)
        guard costs.count == chips.count, let cost = costs.max(), cost > 0 else { return nil }
        return (session.console.channel.lineRate ?? 115_200) * 10 / cost
    }

    package var commands: [String] { session.examples.all }
}
