import ArgumentParser
import BoardAccess
import UBootFlash

/// Options of verbs that may read and write flash from U-Boot over the network.
struct TransferMethodOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "How U-Boot sends its flash: tftpput, tftp (HiSilicon's, with three arguments), netconsole, or line (only "
                + "the serial line, in both directions). The default is the first of these that the board has and "
                + "that works.", valueName: "method"))
    var via: UBootReadMethod?

    /// Checks that the option is applicable.
    ///
    /// - Parameters:
    ///   - place: the board's address, as typed.
    ///   - image: the image to start from U-Boot.
    func validate(for place: String, image: String?) throws {
        guard via != nil else { return }
        guard image == nil else {
            throw ValidationError(
                "--via applies to U-Boot itself; with --image, the Linux that it starts reads and writes the flash.")
        }
        guard (try? AddressSchemes.parse(place))?.isConsole ?? true else {
            throw ValidationError(
                "--via is for a board in U-Boot, which can be reached only over a serial line (serial:, tcp:).")
        }
    }
}

extension UBootReadMethod: ExpressibleByArgument {}
