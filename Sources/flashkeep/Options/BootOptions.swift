import ArgumentParser
import BoardAccess

/// Options of verbs that may start an image on a board over the network.
struct BootOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The board's address; by default U-Boot's own ipaddr, or that of the Linux that answers.", valueName: "ip"))
    var boardIp: String?

    @Option(
        help: ArgumentHelp(
            "The address at which the board reaches this computer, if it is not found: this computer has several, or "
                + "the board is behind address translation.", valueName: "ip"))
    var hostIp: String?

    @Option(
        help: ArgumentHelp(
            "Where in RAM to load an image, in hexadecimal; by default, a free place is found.", valueName: "address"))
    var loadAddress: String?

    @Option(
        help: ArgumentHelp(
            "Set a U-Boot variable before the image starts, such as bootargs=...; only in RAM. Can be repeated.",
            valueName: "name=value"))
    var set: [String] = []

    /// The network that they describe.
    ///
    /// - Parameter method: the user's choice of a method; nil takes the best that works.
    func network(_ method: TransferMethodOptions? = nil) -> NetworkOptions {
        var network = NetworkOptions(via: method?.via, boardIP: boardIp, hostIP: hostIp)
        network.webRoot = method?.www
        network.webURL = method?.wwwUrl
        return network
    }

    /// How an image is started; nil without one.
    func image(_ file: String?) -> ImageOptions? {
        guard let file else { return nil }
        var image = ImageOptions(file: file)
        image.loadAddress = loadAddress
        image.variables = set
        image.network = network()
        return image
    }
}
