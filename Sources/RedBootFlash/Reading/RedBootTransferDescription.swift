private import BoardChannels
private import BoardConsoles
internal import FlashAccess

/// Describes how flash is transferred from RedBoot.
struct RedBootTransferDescription: TransferDescribing {
    let session: RedBootSession
    let facts: RedBootFacts
    let printer: RedBootMemoryPrinter

    var transferName: String { printer.format.name + (facts.hasChecksum ? ", known content by cksum" : "") }

    /// Three or five characters per byte, of ten bits each; known content is faster. Over telnet it is the network's.
    var usualRate: Int? {
        guard session.hasEcho != false else { return nil }
        return (session.console.channel.lineRate ?? 115_200) * 10 / printer.format.cost
    }

    var commands: [String] { session.examples.all }
}
