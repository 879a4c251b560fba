package import UBootFlash

extension UBootTiming {
    /// The usual times, which a simulated board counts and nobody waits.
    package static var simulated: UBootTiming { UBootTiming() }
}
