import BoardAccess
import Glibc

/// The properties of the three standard streams, determined once.
struct Terminal: Sendable {
    /// When to use colours.
    enum ColorChoice: String, CaseIterable, Sendable {
        case auto, always, never
    }

    var inputIsTerminal: Bool
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool
    /// A terminal that cannot even return to the start of a line.
    var isDumb: Bool
    var outputStyle: TextStyle
    var errorStyle: TextStyle

    static func current(color: ColorChoice) -> Terminal {
        decide(
            color: color, inputIsTerminal: isatty(STDIN_FILENO) == 1, outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            errorIsTerminal: isatty(STDERR_FILENO) == 1, variable: ProcessVariables.value)
    }

    /// Applies the rules. Pure.
    ///
    /// `NO_COLOR` counts if it is not empty (https://no-color.org).
    static func decide(
        color: ColorChoice, inputIsTerminal: Bool, outputIsTerminal: Bool, errorIsTerminal: Bool,
        variable: (String) -> String?
    ) -> Terminal {
        let isDumb = (variable("TERM") ?? "dumb") == "dumb"
        let isForbidden = !(variable("NO_COLOR") ?? "").isEmpty
        func isColored(_ isTerminal: Bool) -> Bool {
            switch color {
            case .always: true
            case .never: false
            case .auto: isTerminal && !isDumb && !isForbidden
            }
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty } ?? ""
        let isUnicode = locale.uppercased().replacing("-", with: "").contains("UTF8")
        return Terminal(
            inputIsTerminal: inputIsTerminal, outputIsTerminal: outputIsTerminal, errorIsTerminal: errorIsTerminal,
            isDumb: isDumb, outputStyle: TextStyle(isColored: isColored(outputIsTerminal), isUnicode: isUnicode),
            errorStyle: TextStyle(isColored: isColored(errorIsTerminal), isUnicode: isUnicode))
    }

    /// The current number of columns of a stream's terminal; nil if there is none.
    static func width(of stream: CInt) -> Int? {
        var size = winsize()
        guard unsafe ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The number of columns for results: the terminal's, or 80 if the output is not a terminal.
    static var outputWidth: Int { width(of: STDOUT_FILENO) ?? 80 }
}
