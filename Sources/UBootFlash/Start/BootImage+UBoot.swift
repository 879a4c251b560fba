package import FlashModel
package import ImageFormats

extension BootImage {
    /// Why a board's U-Boot does not start it; nil where nothing is known to speak against it.
    ///
    /// - Parameters:
    ///   - file: the file's name, for the text.
    ///   - board: the board's processor family; nil where it is not known, which is no reason to refuse.
    ///   - help: what the board's U-Boot can do; nil where it is not known.
    ///   - address: where the user wants it loaded to, which raw bytes need.
    /// - Returns: an error with `imageUnsuitable`, or `toolMissing` where the board lacks the command.
    package func refusal(
        file: String, board: BoardArchitecture?, help: UBootHelp?, address: UInt64? = nil
    ) -> FlashkeepError? {
        if let refusal = refusal(file: file, board: board, address: address) { return refusal }
        guard let command, let help, !help.has(command.rawValue) else { return nil }
        return FlashkeepError(
            .toolMissing, what: Self.refused(file),
            why: "Starting it takes \(command.rawValue), which this board's U-Boot does not have.",
            next: help.has("bootm")
                ? "Use an initramfs image in the uImage or FIT format." : "Read the flash through U-Boot itself.")
    }
}
