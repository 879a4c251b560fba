/// The methods by which flash is read from RedBoot's prompt, by the names that users give them.
package enum RedBootReadMethod: String, Sendable, Hashable, CaseIterable {
    /// `dump`, over the console: RedBoot has no command that sends anything over its network.
    case line
}
