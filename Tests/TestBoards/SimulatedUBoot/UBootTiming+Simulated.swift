package import UBootFlash

extension UBootTiming {
    /// The usual times, which a simulated board counts without waiting.
    package static var simulated: UBootTiming { UBootTiming() }
}
