/// Partitions that a user names: by their labels (`mtd3`) or names, several in one word if commas separate them.
package struct PartitionSelection: Sendable, Hashable {
    /// Why a word selects nothing.
    package enum Fault: Error, Sendable, Hashable {
        /// No partition is called so.
        case unknown(String)
        /// So many partitions have this name.
        case ambiguous(String, count: Int)
    }

    /// As typed, without the commas between names.
    package var words: [String]

    package init(_ words: [String]) { self.words = words }

    /// Splits words at commas, except where a partition's own name has the comma.
    package static func words(_ typed: [String], names: [String]) -> [String] {
        typed.flatMap { word in
            names.contains(word)
                ? [word] : word.split(separator: ",").map { String($0.trimmingBlanks) }.filter { !$0.isEmpty }
        }
    }

    /// The partitions that the words select, in their order.
    ///
    /// - Throws: ``Fault``.
    package func resolve(in partitions: [Partition]) throws(Fault) -> [Partition] {
        var result: [Partition] = []
        for word in Self.words(words, names: partitions.map(\.name)) {
            // Backups of version 2 call every partition mtdN.
            let labelled = partitions.filter { $0.label == word || "mtd\($0.index)" == word }
            let found = labelled.isEmpty ? partitions.filter { $0.name == word } : labelled
            guard let first = found.first else { throw .unknown(word) }
            guard found.count == 1 else { throw .ambiguous(word, count: found.count) }
            if !result.contains(where: { $0.index == first.index }) { result.append(first) }
        }
        return result
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
