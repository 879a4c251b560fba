package import FlashAccess
import Glibc

/// The real time, randomness and waiting, as used outside tests.
package enum LiveEnvironment {
    /// - Parameter version: the version of this program.
    package static func make(version: String) -> OperationEnvironment {
        OperationEnvironment(
            timestamp: { timestamp(secondsSince1970: Int(time(nil))) },
            stopwatch: {
                let start = ContinuousClock.now
                return { start.duration(to: .now) }
            },
            nonce: {
                var generator = SystemRandomNumberGenerator()
                let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
                return String((0..<16).map { _ in characters[Int.random(in: 0..<characters.count, using: &generator)] })
            },
            sleep: { try await Task.sleep(for: $0) },
            toolVersion: version)
    }

    /// A time as RFC 3339 in UTC. Computed here, because a formatter would take longer than the rest of the start-up.
    package static func timestamp(secondsSince1970 seconds: Int) -> String {
        let days = (seconds - seconds.modulo(86_400)) / 86_400
        let rest = seconds.modulo(86_400)
        let (year, month, day) = date(daysSince1970: days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    /// The Gregorian date, computed in eras of 400 years, or 146,097 days, that begin on 1 March.
    private static func date(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted - shifted.modulo(146_097)) / 146_097
        let dayOfEra = shifted.modulo(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int {
    /// The remainder, which is never negative.
    fileprivate func modulo(_ other: Int) -> Int {
        let rest = self % other
        return rest < 0 ? rest + other : rest
    }
}
