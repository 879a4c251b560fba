import ArgumentParser
import BoardAccess

/// Options of verbs that may read and write flash over a network beside the console.
struct TransferMethodOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            """
            How the board sends its flash. Linux: nc (over the network). U-Boot: tftpput, tftp (HiSilicon's, with three \
            arguments), netconsole. Both: line (only the console, in both directions). The default is the first of \
            these that the board has and that works; over SSH, nothing else is used unless asked for.
            """, valueName: "method"))
    var via: TransferMethodName?

    /// Checks that the option is applicable.
    ///
    /// - Parameters:
    ///   - place: the board's address, as typed.
    ///   - image: the image to start from U-Boot.
    func validate(for place: String, image: String?) throws {
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
