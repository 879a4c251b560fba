/// The methods by which a bootloader that is only read from sends flash, best first. The raw value is the user's name
/// for it (`--via`).
package enum LoaderReadMethod: String, Sendable, Hashable, CaseIterable {
    /// TFTP, in whichever direction the bootloader has it.
    case tftp
    /// Printed on the console.
    case line
}
