/// A difference between two surveys of a board that were taken during the same backup or restore.
package enum LayoutChange: Sendable, Hashable {
    /// The board restarted: the new kernel may have given the numbers to other partitions.
    case restarted
    /// A partition disappeared.
    ///
    /// - Parameter was: the partition as in the first survey.
    case vanished(was: Partition)
    /// A new partition appeared.
    case appeared(Partition)
    /// A number stands for another partition than before: another name, size or place.
    case replaced(was: Partition, by: Partition)

    /// Returns the differences, ordered by partition number. What may change while a board runs does not count: how a
    /// partition is used, whether it is writable, and how many bad blocks it has.
    package static func between(_ first: Survey, _ second: Survey) -> [LayoutChange] {
        var changes: [LayoutChange] = []
        if let before = first.bootID, let after = second.bootID, before != after { changes.append(.restarted) }
        let now = Dictionary(second.partitions.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        for was in first.partitions {
            guard let partition = now[was.index] else {
                changes.append(.vanished(was: was))
                continue
            }
            if !was.isSamePlace(as: partition) { changes.append(.replaced(was: was, by: partition)) }
        }
        let known = Set(first.partitions.map(\.index))
        changes += second.partitions.filter { !known.contains($0.index) }.map { .appeared($0) }
        return changes
    }

    /// For a person: one sentence without a full stop.
    package var text: String {
        switch self {
        case .restarted: "the board restarted"
        case .vanished(let was): "\(Self.title(was)) is gone"
        case .appeared(let partition): "\(Self.title(partition)) is new"
        case .replaced(let was, let partition):
            was.name == partition.name
                ? "\(Self.title(was)) has a different size or place"
                : "\(Self.title(was)) is now \(Self.title(partition))"
        }
    }

    private static func title(_ partition: Partition) -> String {
        PrintableText.partition(partition.label, partition.name)
    }
}

extension Partition {
    /// Whether name, size, geometry and place are equal to those of another partition.
    fileprivate func isSamePlace(as other: Partition) -> Bool {
        name == other.name && size == other.size && eraseBlockSize == other.eraseBlockSize && type == other.type
            && chip == other.chip && offset == other.offset
    }
}
