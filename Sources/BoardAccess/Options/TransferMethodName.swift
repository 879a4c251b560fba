import FlashModel
package import LinuxFlash
package import LoaderConsoles
package import RedBootFlash
package import UBootFlash

/// A method by which a board sends its flash, by the name that users give it. The same name may stand for a method of
/// several dialects.
package struct TransferMethodName: Sendable, Hashable {
    package let name: String

    /// - Returns: nil if no dialect has such a method.
    package init?(_ name: String) {
        guard Self.all.contains(name) else { return nil }
        self.name = name
    }

    /// The method of U-Boot; nil if it has none of this name.
    package var uboot: UBootReadMethod? { UBootReadMethod(rawValue: name) }
    /// The method of Linux; nil if it has none of this name.
    package var linux: LinuxReadMethod? { LinuxReadMethod(rawValue: name) }
    /// The method of RedBoot; nil if it has none of this name.
    package var redboot: RedBootReadMethod? { RedBootReadMethod(rawValue: name) }

    /// The method of a bootloader that is only read from; nil if none has one of this name.
    package var loader: LoaderReadMethod? { LoaderReadMethod(rawValue: name) }

    /// Whether it is the board's own web server that gives the flash.
    package var isWebServer: Bool { linux == .www }

    /// The names of all methods, each once.
    package static let all: [String] = {
        let names =
            LinuxReadMethod.allCases.map(\.rawValue) + UBootReadMethod.allCases.map(\.rawValue)
            + RedBootReadMethod.allCases.map(\.rawValue) + LoaderReadMethod.allCases.map(\.rawValue)
        return names.enumerated().filter { !names[($0.offset + 1)...].contains($0.element) }.map(\.element)
    }()

    /// The error if what answers on the board has no such method.
    ///
    /// - Parameters:
    ///   - answering: what answers, as `U-Boot`.
    ///   - names: its own methods.
    func refusal(by answering: String, with names: [String]) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "--via \(name) cannot be used with this board.",
            why: "\(answering) answers, which has no such method.",
            next: "Use \(names.map { "--via \($0)" }.joined(separator: " or ")), or omit it.")
    }
}
