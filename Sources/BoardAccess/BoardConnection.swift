package import BoardChannels
package import FlashAccess
import FlashModel
import SystemPackage

/// A board as an address and options describe it: the connector that opens it, and its transcript.
package struct BoardConnection: Sendable {
    package let connector: any BoardConnector
    package let transcript: TranscriptLog

    /// Makes a connection without opening the board yet.
    ///
    /// - Parameter schemes: the address schemes to try.
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`, `usage`, `fileUnavailable` or `imageUnsuitable`.
    package init(
        address text: String, options: ConnectionOptions, environment: OperationEnvironment,
        interaction: UserInteraction, schemes: [any AddressScheme.Type] = AddressSchemes.all
    ) throws {
        let address = try AddressSchemes.parse(text, schemes: schemes)
        if options.uboot.image != nil, !address.isConsole { throw Self.noBootloader(text) }
        // Checked even if this address ignores them, so that no mistake goes unnoticed.
        if let network = options.network { try NetworkArguments.check(network) }
        let password = try GivenPassword.find(
            file: options.passwordFile, warn: { interaction.notify(.warning($0)) })
        connector = try address.connector(
            ConnectionContext(
                typed: text, options: options, environment: environment, interaction: interaction, password: password))
        transcript = try TranscriptLog(copy: options.transcript.map { FilePath($0) })
    }

    private static func noBootloader(_ text: String) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "An image cannot be started on \(PrintableText.escaped(text)).",
            why: "It is started from the bootloader, which can be reached only over a serial line.",
            next: "Give the serial line: serial:/dev/ttyUSB0, or tcp://HOST:PORT.")
    }
}
