package import FlashAccess

extension UBootTiming {
    /// The usual times, which a made-up board counts and nobody waits; but for the wait for power, which the program
    /// measures by its own clock.
    package static var simulated: UBootTiming {
        var timing = UBootTiming()
        timing.power = .seconds(120)
        return timing
    }
}
