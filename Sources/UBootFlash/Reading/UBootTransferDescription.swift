private import BoardChannels
private import BoardConsoles
internal import FlashAccess

/// Describes how flash is transferred from U-Boot.
struct UBootTransferDescription: TransferDescribing {
    let session: UBootSession
    let facts: UBootFacts
    let printer: UBootMemoryPrinter
    let transfers: UBootTransfers

    /// Whether all flash is printed by a command of its own.
    private var isPrinted: Bool {
        !facts.windows.isEmpty && facts.windows.values.allSatisfy { $0 == .printed }
    }

    var transferName: String {
        if isPrinted { return "spi read" }
        let methods = transfers.used
        let names = (methods.isEmpty ? [.line] : methods).map { $0.transferName ?? printer.formatName }
            .joined(separator: " and ")
        guard facts.hasChecksum else { return names }
        let isUploaded = !methods.isEmpty && !methods.contains(.line) && !methods.contains(.netconsole)
        return names + (isUploaded ? ", checked by crc32" : ", known content by crc32")
    }

    /// Hexadecimal digits take three or four characters per byte, of ten bits each; known content is faster.
    var usualRate: Int? {
        let cost = isPrinted ? UBootSerialPrinter.cost : printer.charactersPerByte
        return (session.console.channel.lineRate ?? 115_200) * 10 / cost
    }

    var commands: [String] { session.examples.all }
}
