private import BoardChannels
private import BoardConsoles
internal import FlashAccess

/// How flash crosses from U-Boot.
struct UBootTransferDescription: TransferDescribing {
    let session: UBootSession
    let facts: UBootFacts
    let printer: UBootMemoryPrinter
    /// The ways over the network; nil if there is only the line.
    let transfers: UBootTransfers?
    let examples: UBootExamples

    var transferName: String {
        let ways = transfers?.used ?? []
        let names = (ways.isEmpty ? [.line] : ways).map { $0.transferName ?? printer.formatName }
            .joined(separator: " and ")
        guard facts.hasChecksum else { return names }
        let isUploaded = !ways.isEmpty && !ways.contains(.line) && !ways.contains(.netconsole)
        return names + (isUploaded ? ", checked by crc32" : ", known content by crc32")
    }

    /// Hexadecimal digits, three or four a byte, of ten bits each; what is known already comes quicker.
    var usualRate: Int? { (session.console.channel.lineRate ?? 115_200) * 10 / printer.charactersPerByte }

    var commands: [String] { examples.all }
}
