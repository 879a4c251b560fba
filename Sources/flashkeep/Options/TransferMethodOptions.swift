import ArgumentParser
import BoardAccess

/// Options of verbs that may read and write flash over a network beside the console.
struct TransferMethodOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            """
            How the board sends its flash. Linux, over the network: nc, tftp, ftpput, wget, httpd; www (through the \
            board's own web server, only on request). U-Boot: tftpput, tftp (HiSilicon's, with three arguments), \
            netconsole. barebox, CFE, Realtek's loader: tftp. All: line (only the console, in both directions). The \
            default is the first of these that the board has and that works; over SSH, nothing else is used unless \
            asked for.
            """, valueName: "method"))
    var via: TransferMethodName?

    @Option(
        help: ArgumentHelp(
            "For --via www: the folder of the board's web server, if it is not found.", valueName: "dir"))
    var www: String?

    @Option(
        help: ArgumentHelp(
            "For --via www: the address of that folder for this computer, if it is not found.", valueName: "url"))
    var wwwUrl: String?

    /// Checks that the option is applicable.
    ///
    /// - Parameters:
    ///   - place: the board's address, as typed.
    ///   - image: the image to start from U-Boot.
    func validate(for place: String, image: String?) throws {
        guard via?.isWebServer == true || www == nil && wwwUrl == nil else {
            throw ValidationError("--www and --www-url are for --via www.")
        }
        guard let via, via.linux == nil else { return }
        guard image == nil else {
            throw ValidationError(
                "--via \(via.name) applies to U-Boot itself; with --image, the Linux that it starts reads and writes the "
                    + "flash.")
        }
        guard (try? AddressSchemes.parse(place))?.isConsole ?? true else {
            throw ValidationError(
                "--via \(via.name) is for a board in U-Boot, which can be reached only over a serial line (serial:, "
                    + "tcp:).")
        }
    }
}

extension TransferMethodName: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
    static var allValueStrings: [String] { all }
}
