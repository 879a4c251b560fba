package import FlashAccess
import FlashModel
import TestSupport

/// The contract of every kind of flash access. Run against each of them.
package enum FlashContract {
    /// Checks whether a flash access fulfils the contract; returns the problems, one per line.
    ///
    /// - Parameters:
    ///   - hardware: the board's contents.
    ///   - flash: the board's flash as surveyed by the access under test.
    package static func problems(
        _ hardware: SimulatedHardware, _ flash: SurveyedFlash
    ) async throws -> [String] {
        var problems: [String] = []
        let (survey, access) = (flash.survey, flash.reader)
        if survey.partitions.map(\.index) != hardware.devices.map(\.partition.index) {
            problems.append("the survey has the partitions \(survey.partitions.map(\.index))")
        }
        if survey.partitions.map(\.size) != hardware.devices.map(\.partition.size) { problems.append("other sizes") }
        if flash.evidence.isEmpty { problems.append("there is no evidence") }
        for partition in survey.partitions {
            guard let device = hardware.device(partition.index), let chip = hardware.chips[device.partition.chip]
            else {
                continue
            }
            let bytes = Array(chip.bytes[device.start..<device.start + partition.size])
            let bad = Set(partition.badBlocks?.bad ?? [])
            for ranges in Self.ranges(of: partition, without: bad) {
                problems += try await read(partition, ranges, bytes, access).map {
                    "mtd\(partition.index) \(ranges): \($0)"
                }
                guard !ranges.isEmpty else { continue }
                for algorithm in access.checksumAlgorithms {
                    guard access.canChecksum(partition, ranges) else {
                        // A checksum of something else must not take its place.
                        if (try? await access.checksum(algorithm, of: partition, ranges: ranges)) != nil {
                            problems.append("mtd\(partition.index) has a \(algorithm) of \(ranges)")
                        }
                        continue
                    }
                    let all = ranges.flatMap { bytes[$0] }
                    if try await access.checksum(algorithm, of: partition, ranges: ranges)
                        != StreamingChecksum.digest(of: all, algorithm)
                    {
                        problems.append("mtd\(partition.index) has another \(algorithm) of \(ranges)")
                    }
                    let each = try await access.checksums(algorithm, of: partition, each: ranges)
                    if each != ranges.map({ StreamingChecksum.digest(of: bytes[$0], algorithm) }) {
                        problems.append("mtd\(partition.index) has another \(algorithm) of one of \(ranges)")
                    }
                }
            }
            if access.readsOOB, partition.oobSize > 0 {
                problems += try await readWithOOB(partition, device, hardware, bad, access)
            }
        }
        let changes = try await flash.layoutChanges()
        if !changes.isEmpty { problems.append("the layout changed by itself: \(changes.map(\.text))") }
        return problems
    }

    /// Ranges with all kinds of bounds, without bad blocks.
    private static func ranges(of partition: Partition, without bad: Set<Int>) -> [[Range<Int>]] {
        let block = partition.eraseBlockSize
        let size = partition.size
        let sets = [
            [0..<size], [], [0..<1], [size - 1..<size], [1..<size - 1], [block - 1..<block + 1],
            [block / 2 + 3..<block + 7, 2 * block..<2 * block + block / 2],
            [0..<5, 5..<6, block..<2 * block, min(size, max(2 * block, size - block - 1))..<size],
        ]
        return sets.map { ranges in
            ranges.map { $0.clamped(to: 0..<size) }.removing(bad.map { $0 * block..<($0 + 1) * block })
        }
    }

    private static func read(
        _ partition: Partition, _ ranges: [Range<Int>], _ bytes: [UInt8], _ access: any FlashReading
    ) async throws -> [String] {
        var problems: [String] = []
        var times = [UInt8](repeating: 0, count: bytes.count)
        try await access.read(partition, ranges: ranges) { chunk in
            if chunk.bytes.isEmpty { problems.append("an empty chunk") }
            guard chunk.offset >= 0, chunk.range.upperBound <= bytes.count else {
                problems.append("a chunk at \(chunk.range)")
                return
            }
            for place in chunk.range { times[place] += 1 }
            let unread = chunk.findings.filter { $0.state == .unread }.map(\.range)
            let wrong = chunk.range.first { place in
                let isUnread = unread.contains { $0.contains(place) }
                return chunk.bytes[place - chunk.offset] != (isUnread ? 0xFF : bytes[place])
            }
            if let wrong { problems.append("another byte at \(wrong)") }
            for finding in chunk.findings
            where finding.size <= 0 || finding.range.clamped(to: chunk.range) != finding.range {
                problems.append("a finding at \(finding.range) in a chunk of \(chunk.range)")
            }
        }
        for place in bytes.indices where times[place] != (ranges.contains { $0.contains(place) } ? 1 : 0) {
            problems.append("byte \(place) came \(times[place]) times")
            break
        }
        return problems
    }

    private static func readWithOOB(
        _ partition: Partition, _ device: SimulatedHardware.Device, _ hardware: SimulatedHardware, _ bad: Set<Int>,
        _ access: any FlashReading
    ) async throws -> [String] {
        guard let flash = hardware.chips[device.partition.chip] else { return [] }
        let (page, block) = (partition.pageSize, partition.eraseBlockSize)
        let unit = page + partition.oobSize
        var problems: [String] = []
        // The first good block from its second page on, and one page of the last.
        let first = (0..<partition.size / block).first { !bad.contains($0) } ?? 0
        let last = (0..<partition.size / block).last { !bad.contains($0) } ?? 0
        let ranges = [first * block + page..<(first + 1) * block, last * block..<last * block + page]
        var times: [Int: Int] = [:]
        try await access.readWithOOB(partition, ranges: ranges) { chunk in
            for place in chunk.range {
                times[place, default: 0] += 1
                let number = place / unit
                let whole =
                    Array(flash.bytes[device.start + number * page..<device.start + (number + 1) * page])
                    + hardware.oob(device.start / page + number, of: flash.chip)
                if chunk.bytes[place - chunk.offset] != whole[place % unit] {
                    problems.append("mtd\(partition.index) has another byte at \(place) with OOB")
                    return
                }
            }
        }
        let wanted = Set(ranges.flatMap { $0.lowerBound / page * unit..<$0.upperBound / page * unit })
        if Set(times.keys) != wanted || times.values.contains(where: { $0 != 1 }) {
            problems.append("mtd\(partition.index): \(ranges) with OOB came as \(times.count) bytes")
        }
        return problems
    }
}
