package import BoardConsoles

extension ConsoleTiming {
    /// The usual times, which a simulated board counts without waiting.
    package static var simulated: ConsoleTiming { ConsoleTiming() }
}
