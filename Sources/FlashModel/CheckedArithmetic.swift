// What a board says of sizes and places may be any number. These never trap: where a result does not fit, it is nil.

extension Int {
    /// The sum, or nil where it does not fit.
    package func plus(_ other: Int) -> Int? {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? nil : value
    }

    /// The difference, or nil where it does not fit.
    package func minus(_ other: Int) -> Int? {
        let (value, overflow) = subtractingReportingOverflow(other)
        return overflow ? nil : value
    }

    /// The product, or nil where it does not fit.
    package func times(_ other: Int) -> Int? {
        let (value, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : value
    }

    /// The next multiple of `unit` that is not below, or nil where it does not fit or `unit` is not positive.
    package func roundedUp(to unit: Int) -> Int? {
        guard unit > 0, let raised = plus(unit - 1) else { return nil }
        return raised - raised % unit
    }
}

extension Sequence<Int> {
    /// The sum, or the largest integer where it is larger.
    package func saturatingSum() -> Int {
        reduce(0) { $0.plus($1) ?? .max }
    }
}
