package import BoardChannels
package import FlashAccess
import FlashModel
import HTTPFlash
import LinuxFlash

/// What an address scheme needs to make a connector, besides the address itself.
package struct ConnectionContext: Sendable {
    /// The address as the user typed it.
    package let typed: String
    package let options: ConnectionOptions
    package let environment: OperationEnvironment
    package let interaction: UserInteraction
    /// The password from a file or the environment; nil if there is none.
    package let password: String?

    /// Makes a connector to a Linux shell.
    ///
    /// - Parameters:
    ///   - user: as in the address; nil means root.
    ///   - root: a prefix of all paths on the board, for tests.
    /// - Throws: ``FlashkeepError`` with `usage` if an option is for a board in U-Boot.
    package func linux(_ opener: any ChannelOpening, user: String?, root: String = "") throws -> any BoardConnector {
        try refuseGivenFlash("Linux reports its flash itself")
        // SSH is as quick, and the network would leave its encryption.
        let isAsked = options.network?.via?.linux?.needsNetwork == true
        let wantsNetwork = opener.traits.scheme == "telnet" || (isAsked && opener.traits.scheme == "ssh")
        return LinuxConnector(
            opener: opener, credentials: credentials(user), environment: environment, root: root,
            network: wantsNetwork
                ? try LinuxNetworkArguments.network(
                    options.network, environment: environment, notify: interaction.notify)
                : nil)
    }

    /// Rejects the option that chooses how flash is sent.
    ///
    /// - Parameter why: one sentence.
    /// - Throws: ``FlashkeepError`` with `usage` if the option was given.
    func refuseTransferMethod(_ why: String) throws {
        guard let via = options.network?.via else { return }
        throw FlashkeepError(
            .usage, what: "--via \(via.name) cannot be used with \(PrintableText.escaped(typed)).", why: why,
            next: "Omit --via.")
    }

    /// Makes a connector to a board's web pages.
    ///
    /// - Parameters:
    ///   - url: without user and password.
    ///   - user: as in the address.
    /// - Throws: ``FlashkeepError`` with `usage` if an option is for a board in U-Boot, or `--https-key` is no key.
    func web(_ url: String, _ kind: WebBoard.Kind, user: String?) throws -> any BoardConnector {
        try refuseLineRate("It is for a serial line on which U-Boot answers.")
        try refuseGivenFlash("web pages have only what the board shows")
        try refuseTransferMethod("Web pages are read over HTTP.")
        if let key = options.http.serverKey { try ServerKeyArgument.check(key) }
        let source = PasswordSource(
            given: password, question: "Password for \(user ?? "root") on the board: ", ask: interaction.askPassword)
        return WebConnector(
            address: typed, url: url, kind: kind,
            settings: WebSettings(
                credentials: WebCredentials(user: user, password: { try await source.password() }),
                serverKey: options.http.serverKey), environment: environment)
    }

    /// Makes a connector to whatever answers on a console.
    ///
    /// - Throws: ``FlashkeepError`` with `usage`, `fileUnavailable` or `imageUnsuitable` if an option is wrong.
    package func console(_ opener: any ChannelOpening, user: String?) throws -> any BoardConnector {
        ConsoleConnector(
            opener: opener, credentials: credentials(user), environment: environment,
            settings: try ConsoleSettings(options.uboot, network: options.network, mayAsk: interaction.mayAsk),
            notify: interaction.notify)
    }

    /// Rejects the option that changes the line's rate.
    ///
    /// - Parameter why: one sentence.
    /// - Throws: ``FlashkeepError`` with `usage` if the option was given.
    package func refuseLineRate(_ why: String) throws {
        guard options.uboot.lineRate != nil else { return }
        throw FlashkeepError(
            .usage, what: "--baud cannot be used with \(PrintableText.escaped(typed)).", why: why,
            next: "Omit --baud, or give a port of this computer: serial:/dev/ttyUSB0.")
    }

    /// Rejects the options for flash and RAM that U-Boot does not report.
    ///
    /// - Parameter instead: why they are not needed; a clause.
    func refuseGivenFlash(_ instead: String) throws {
        for (option, isGiven) in [("--flash", !options.uboot.flash.isEmpty), ("--ram", options.uboot.ram != nil)]
        where isGiven {
            throw FlashkeepError(
                .usage, what: "\(option) cannot be used with \(PrintableText.escaped(typed)).",
                why: "It is for a board in U-Boot, which can be reached only over a serial line (serial:, tcp:).",
                next: "Omit \(option): \(instead).")
        }
    }

    /// The login: with the given password, or the one that the user types when the board asks.
    private func credentials(_ user: String?) -> Credentials {
        let user = user ?? "root"
        let source = PasswordSource(
            given: password, question: "Password for \(user) on the board: ", ask: interaction.askPassword)
        return Credentials(user: user, password: { try await source.password() })
    }
}
