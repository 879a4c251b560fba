/// The methods that load bytes into a board's RAM from RedBoot's prompt, cheapest first.
///
/// A method is added here, and ``RedBootMemoryLoader`` creates it.
package enum RedBootLoadMethod: String, Sendable, Hashable, CaseIterable {
    /// `load -m tftp`: from a TFTP server on this computer.
    case tftp
    /// `load -m ymodem`: over the console.
    case ymodem
}
