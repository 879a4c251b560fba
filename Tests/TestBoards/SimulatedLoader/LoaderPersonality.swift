/// What a simulated bootloader prints and does: everything in which bootloaders that only print memory differ. Each
/// conforming type names its evidence; `Documentation/Simulators.md` lists what has none.
package protocol LoaderPersonality: Sendable {
    var prompt: String { get }
    /// The end of a printed line.
    var lineEnd: [UInt8] { get }
    var hardware: SimulatedHardware { get set }
    /// What it prints when it starts, without the countdown; `\n` ends a line.
    var startText: String { get }
    /// What may stop its start.
    var countdown: LoaderCountdown? { get }
    /// What the system prints that it starts.
    var systemText: String { get }
    /// The transmission time of a character in microseconds: 10 bits.
    var characterTime: Int { get }
    /// Unread characters that the receiver keeps: the FIFO of a 16550 (PC16550D datasheet, overrun error).
    var fifo: Int { get }

    /// The board starts: what is in its memory is lost.
    mutating func restart(_ number: Int)
    /// Takes a character at the prompt.
    mutating func take(_ byte: UInt8) -> LoaderEdit
    /// Runs a line.
    mutating func run(_ line: String) -> LoaderAction
    /// Takes a character while the answer to a question is waited for; nil while more may come.
    mutating func answer(_ byte: UInt8) -> LoaderEdit
    /// Does what the question asked about, or not.
    mutating func decide(_ answer: String) -> LoaderAction
    /// Its TFTP server is asked for a file while the prompt is there.
    ///
    /// - Parameter address: to which the request was sent.
    /// - Returns: what it prints, and sends; nil if it does not answer.
    mutating func serve(_ name: String, at address: String) -> (text: String, bytes: [UInt8])?
    /// The last block that its TFTP server has sent is acknowledged, twice.
    ///
    /// - Returns: what it prints, with its prompt; nil if nothing was sent.
    mutating func endServing() -> String?
    /// Its TFTP server is sent a file while the prompt is there.
    ///
    /// - Returns: what it prints and does; nil if it does not answer.
    mutating func takeFile(_ bytes: [UInt8], at address: String) -> LoaderAction?
}

extension LoaderPersonality {
    package var lineEnd: [UInt8] { [0x0D, 0x0A] }
    package var characterTime: Int { 87 }
    package var fifo: Int { 16 }
    package mutating func restart(_ number: Int) {}
    package mutating func answer(_ byte: UInt8) -> LoaderEdit { .echo([]) }
    package mutating func decide(_ answer: String) -> LoaderAction { LoaderAction() }
    package mutating func serve(_ name: String, at address: String) -> (text: String, bytes: [UInt8])? { nil }
    package mutating func endServing() -> String? { nil }
    package mutating func takeFile(_ bytes: [UInt8], at address: String) -> LoaderAction? { nil }
}

/// How a bootloader waits before it starts the system.
package struct LoaderCountdown: Sendable {
    package var text: String
    /// The characters that stop it; nil for all.
    package var keys: Set<UInt8>?
    /// Microseconds.
    package var time: Int
    /// Whether the key stays in the input, for the prompt to read.
    package var keepsKey: Bool
    /// What is printed when it is stopped.
    package var stopText: String

    package init(
        text: String, keys: Set<UInt8>?, time: Int, keepsKey: Bool = true, stopText: String = "\n"
    ) {
        self.text = text
        self.keys = keys
        self.time = time
        self.keepsKey = keepsKey
        self.stopText = stopText
    }
}

/// What a typed character does.
package enum LoaderEdit: Sendable {
    /// These bytes are printed as they are.
    case echo([UInt8])
    /// This text is printed, and the prompt again.
    case redraw(String)
    /// The line is complete.
    case enter(String)
}

/// The result of a command.
package struct LoaderAction: Sendable {
    /// The output, with `\n` as line ends.
    package var text = ""
    /// Microseconds from the last character to the prompt.
    package var time = 200
    /// Whether its output ends with a question.
    package var isQuestion = false
    /// Whether nothing answers any more.
    package var isHang = false
    /// Whether the board is reset behind the output.
    package var isReset = false
    /// Why the command must never be sent; nil if it may.
    package var offence: SimulatedLoader.Offence?

    package init(
        _ text: String = "", time: Int = 200, isQuestion: Bool = false, isHang: Bool = false,
        isReset: Bool = false, offence: SimulatedLoader.Offence? = nil
    ) {
        self.text = text
        self.time = time
        self.isQuestion = isQuestion
        self.isHang = isHang
        self.isReset = isReset
        self.offence = offence
    }
}
