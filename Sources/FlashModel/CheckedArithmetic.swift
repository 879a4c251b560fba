// Sizes and offsets reported by a board can be any number. These functions never trap: a result that does not fit is
// nil.

extension Int {
    /// The sum, or nil if it does not fit.
    package func plus(_ other: Int) -> Int? {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? nil : value
    }

    /// The difference, or nil if it does not fit.
    package func minus(_ other: Int) -> Int? {
        let (value, overflow) = subtractingReportingOverflow(other)
        return overflow ? nil : value
    }

    /// The product, or nil if it does not fit.
    package func times(_ other: Int) -> Int? {
        let (value, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : value
    }

    /// The smallest multiple of `unit` that is not below this number; nil if it does not fit or `unit` is not positive.
    package func roundedUp(to unit: Int) -> Int? {
        guard unit > 0, let raised = plus(unit - 1) else { return nil }
        return raised - raised % unit
    }
}

extension UInt64 {
    /// The sum; nil if it is beyond the address space, or the distance is negative.
    package func plus(_ distance: Int) -> UInt64? {
        guard let distance = UInt64(exactly: distance) else { return nil }
        let (sum, overflow) = addingReportingOverflow(distance)
        return overflow ? nil : sum
    }
}

extension Sequence<Int> {
    /// The sum, or the largest integer if the sum does not fit.
    package func saturatingSum() -> Int {
        reduce(0) { $0.plus($1) ?? .max }
    }
}
