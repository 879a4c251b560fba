extension Sequence<Int> {
    /// The sum, or the largest integer where it is larger: what stands in a hostile file must not end the program.
    package func saturatingSum() -> Int {
        reduce(0) { sum, next in
            let (value, overflow) = sum.addingReportingOverflow(next)
            return overflow ? .max : value
        }
    }
}
