import Glibc

/// What the three standard streams are, asked once.
struct Terminal: Sendable {
    /// When to use colours.
    enum ColorChoice: String, CaseIterable, Sendable {
        case auto, always, never
    }

    var inputIsTerminal: Bool
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool
    /// A terminal that cannot even go back to the start of a line.
    var isDumb: Bool
    var outputStyle: TextStyle
    var errorStyle: TextStyle

    static func current(color: ColorChoice) -> Terminal {
        decide(
            color: color, inputIsTerminal: isatty(STDIN_FILENO) == 1, outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            errorIsTerminal: isatty(STDERR_FILENO) == 1, variable: ProcessVariables.value)
    }

    /// The rules. Pure.
    ///
    /// `NO_COLOR` counts where it is not empty (https://no-color.org).
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

    /// Columns of the terminal behind a stream, as it is now; nil where there is none.
    static func width(of stream: CInt) -> Int? {
        var size = winsize()
        guard unsafe ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Columns for results: the terminal's, or 80 where they go elsewhere.
    static var outputWidth: Int { width(of: STDOUT_FILENO) ?? 80 }
}
