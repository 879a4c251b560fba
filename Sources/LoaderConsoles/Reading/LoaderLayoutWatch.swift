internal import FlashAccess
package import FlashModel

/// Detects changes of the chips and partitions that a bootloader reports.
package struct LoaderLayoutWatch: LayoutWatching {
    private let survey: Survey
    private let again: () async throws -> Survey?

    /// - Parameters:
    ///   - survey: the earlier one.
    ///   - again: asks what decides the layout again; nil if no two replies agreed, which keeps the old one.
    package init(_ survey: Survey, again: @escaping () async throws -> Survey?) {
        self.survey = survey
        self.again = again
    }

    package func changes() async throws -> [LayoutChange] {
        guard let now = try await again() else { return [] }
        return LayoutChange.between(survey, now)
    }
}
