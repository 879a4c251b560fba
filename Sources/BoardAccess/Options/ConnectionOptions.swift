package import FlashAccess

/// The user's choices on how to reach a board: plain values that any user interface can set, and text where a user
/// types text.
package struct ConnectionOptions: Sendable {
    /// The file whose first line is the password; nil for none.
    package var passwordFile: String?
    package var ssh = SSHOptions()
    package var http = HTTPOptions()
    package var uboot = UBootOptions()
    /// The network for transfers from and to the board, beside its console; nil means the console only.
    package var network: NetworkOptions?
    /// A folder that replaces the board behind `local:`, for tests; empty for this computer itself.
    package var localRoot = ""
    /// A file to which all traffic is appended; nil for none.
    package var transcript: String?

    package init() {}
}

/// Options for the SSH client.
package struct SSHOptions: Sendable {
    /// A configuration file that replaces the user's.
    package var configFile: String?
    /// As for `ssh -o`.
    package var options: [String] = []
}

/// Options for web pages.
package struct HTTPOptions: Sendable {
    /// The public key that an HTTPS server must have, in the form of ``ServerKeyArgument``; nil for a valid certificate.
    package var serverKey: String?
}

/// Options for boards with U-Boot on the console.
package struct UBootOptions: Sendable {
    /// The keys that stop the countdown, in the form of ``StopKeyArgument``; nil means those that the board names.
    package var stopKey: String?
    /// A command on this computer that switches the board off and on; nil means that the user does.
    package var powerCycle: String?
    /// The faster rate for the line, in the form of ``LineRateArgument``; nil keeps the rate.
    package var lineRate: String?
    /// Flash that U-Boot does not report, each as ``FlashArgument`` takes it.
    package var flash: [String] = []
    /// RAM that nothing uses, as ``FlashArgument`` takes it; nil finds some.
    package var ram: String?
    /// Opens the content that need not be transferred again.
    package var known: @Sendable () throws -> [any ContentSource] = { [] }
    /// The image to start from the bootloader; nil for none.
    package var image: ImageOptions?
}

/// Options for starting an image over the network.
package struct ImageOptions: Sendable {
    /// The image's file.
    package var file: String
    /// The address in the board's RAM, in hexadecimal; nil finds a free one.
    package var loadAddress: String?
    /// U-Boot variables as `name=value`, set in RAM only.
    package var variables: [String] = []
    package var network = NetworkOptions()

    package init(file: String) {
        self.file = file
    }
}

/// The network between this computer and a board, beside its console.
package struct NetworkOptions: Sendable {
    /// The only transfer method allowed; nil means the best that works.
    package var via: TransferMethodName?
    /// The board's IPv4 address; nil means automatic.
    package var boardIP: String?
    /// The IPv4 address at which the board reaches this computer; nil means automatic.
    package var hostIP: String?
    /// The folder of the board's web server; nil means automatic.
    package var webRoot: String?
    /// The address of that folder for this computer; nil means automatic.
    package var webURL: String?

    package init(via: TransferMethodName? = nil, boardIP: String? = nil, hostIP: String? = nil) {
        self.via = via
        self.boardIP = boardIP
        self.hostIP = hostIP
    }
}
