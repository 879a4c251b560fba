import FlashModel

extension UBootFacts {
    /// Whether the board can compute the CRC-32 of its memory.
    var hasChecksum: Bool { help?.has("crc32") ?? false }

    /// A range of free RAM, at the board's `loadaddr` if that is free.
    ///
    /// - Parameters:
    ///   - count: the size in bytes.
    ///   - area: addresses reserved for something else.
    /// - Throws: ``FlashModel/FlashkeepError`` with `toolMissing` if no RAM is known to be free.
    func freeMemory(_ count: Int, outside area: Range<UInt64>? = nil) throws(FlashkeepError) -> Range<UInt64> {
        guard let board else { throw Self.noMemory("bdinfo reports no memory") }
        let size = UInt64(max(0, count))
        do {
            let start = try UBootLoadAddress(board).choose(
                size: size, target: area, hints: [environment?.address("loadaddr")].compactMap { $0 })
            return start..<start + size
        } catch {
            throw Self.noMemory(error.words)
        }
    }

    private static func noMemory(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "No RAM on the board is known to be free.", why: why,
            next: "Boot an initramfs (--image), or use a programmer.")
    }
}

extension UBootLoadAddress.Refusal {
    /// The reason in words.
    fileprivate var words: String {
        switch self {
        case .emptyImage: "nothing was to be loaded"
        case .unknownRelocation: "bdinfo does not report the location of U-Boot itself"
        case .tooLarge(let largest): "the largest free range has \(largest) bytes"
        }
    }
}
