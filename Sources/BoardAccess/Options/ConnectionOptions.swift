package import FlashAccess
package import UBootFlash

/// What a user chooses about how a board is reached: plain values that any face can fill in, as text where a user types
/// text.
package struct ConnectionOptions: Sendable {
    /// The file whose first line is the password; nil for none.
    package var passwordFile: String?
    package var ssh = SSHOptions()
    package var uboot = UBootOptions()
    /// A folder that stands for the board behind `local:`, for tests; empty for this computer itself.
    package var localRoot = ""
    /// A file to which every byte that crosses is appended; nil for none.
    package var transcript: String?

    package init() {}
}

/// Options for the SSH client.
package struct SSHOptions: Sendable {
    /// A configuration file that replaces the user's.
    package var configFile: String?
    /// As `ssh -o` takes them.
    package var options: [String] = []
}

/// Options for boards whose bootloader answers.
package struct UBootOptions: Sendable {
    /// What stops the countdown, in the form of ``StopKeyArgument``; nil follows what the board prints.
    package var stopKey: String?
    /// A command of this computer that switches the board off and on; nil asks a person to.
    package var powerCycle: String?
    /// The faster rate for the line, as ``LineRateArgument`` takes it; nil keeps the rate.
    package var lineRate: String?
    /// Opens the content that need not cross the line again.
    package var known: @Sendable () throws -> [any ContentSource] = { [] }
    /// The image to start from the bootloader; nil for none.
    package var image: ImageOptions?
    /// The network by which bytes may leave the bootloader and reach it; nil for the line alone.
    package var network: NetworkOptions?
}

/// Options for starting an image over the network.
package struct ImageOptions: Sendable {
    /// The image's file.
    package var file: String
    /// Where the image goes in the board's RAM, in hexadecimal; nil finds a free place.
    package var loadAddress: String?
    /// `name=value` of U-Boot's variables, set in RAM alone.
    package var variables: [String] = []
    package var network = NetworkOptions()

    package init(file: String) {
        self.file = file
    }
}

/// The network between this computer and a board in U-Boot.
package struct NetworkOptions: Sendable {
    /// The only method that may be used; nil takes the best that works.
    package var via: UBootReadMethod?
    /// The board's IPv4 address; nil works it out.
    package var boardIP: String?
    /// This computer's IPv4 address that the board reaches; nil works it out.
    package var hostIP: String?

    package init(via: UBootReadMethod? = nil, boardIP: String? = nil, hostIP: String? = nil) {
        self.via = via
        self.boardIP = boardIP
        self.hostIP = hostIP
    }
}
