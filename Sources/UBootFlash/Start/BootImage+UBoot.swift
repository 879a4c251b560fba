package import FlashModel
package import ImageFormats

extension BootImage {
    /// The reason why a board's U-Boot cannot start the image; nil if none is known.
    ///
    /// - Parameters:
    ///   - file: the file's name, for the text.
    ///   - board: the board's processor family; nil if unknown, which is no reason to refuse.
    ///   - help: the commands of the board's U-Boot; nil if unknown.
    ///   - address: the load address that the user wants, which raw bytes require.
    /// - Returns: an error with `imageUnsuitable`, or `toolMissing` if the board lacks the command.
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
