/// Circular uses among the folders of one target.
///
/// A file uses another one if it names a type that only that file declares. Names that the file itself or several files
/// declare are ignored.
struct FolderCircles {
    struct Circle {
        var target: String
        /// Sorted; the root of the target is "".
        var folders: [String]
        /// file -> file: Type
        var uses: [String]
    }

    /// A harmless circle.
    struct Allowed {
        var target: String
        var folders: Set<String>
        var reason: String
    }

    /// The most uses listed for each direction of a circle.
    private static let most = 12

    let circles: [Circle]

    init(_ files: [SourceFile]) {
        circles = Dictionary(grouping: files, by: \.target).sorted { $0.key < $1.key }
            .flatMap { Self.circles($0.key, $0.value) }
    }

    /// The errors, one text each: circles that are not allowed, and allowed circles that do not exist.
    func complaints(allowing allowed: [Allowed] = []) -> [String] {
        let found = circles.filter { circle in
            !allowed.contains { $0.target == circle.target && $0.folders == Set(circle.folders) }
        }
        let needless = allowed.filter { reason in
            !circles.contains { $0.target == reason.target && Set($0.folders) == reason.folders }
        }
        return found.map { circle in
            let names = circle.folders.map { $0.isEmpty ? "its root" : $0 }.joined(separator: ", ")
            return "\(circle.target): folders in a circle: \(names)\n  " + circle.uses.joined(separator: "\n  ")
        }
            + needless.map {
                "\($0.target): no such circle of folders any more: \($0.folders.sorted()) (\($0.reason))"
            }
    }

    private static func circles(_ target: String, _ files: [SourceFile]) -> [Circle] {
        var owners: [String: [SourceFile]] = [:]
        for file in files { for type in file.types { owners[type, default: []].append(file) } }
        var uses: [String: [String: [String]]] = [:]
        for file in files {
            for word in file.words where !file.ownTypes.contains(word) {
                guard let owner = owners[word], owner.count == 1, let other = owner.first, other.folder != file.folder
                else { continue }
                uses[file.folder, default: [:]][other.folder, default: []]
                    .append("\(file.name) -> \(other.name): \(word)")
            }
        }
        return components(uses.mapValues { Set($0.keys) }).map { folders in
            let lists = folders.flatMap { one in
                (uses[one] ?? [:]).filter { folders.contains($0.key) }.map(\.value)
            }
            // The shortest list first, because it usually is the one to fix.
            let sorted = lists.map { $0.sorted() }.sorted { ($0.count, $0[0]) < ($1.count, $1[0]) }
            return Circle(
                target: target, folders: folders,
                uses: sorted.flatMap { list in
                    list.prefix(most) + (list.count > most ? ["and \(list.count - most) more like these"] : [])
                })
        }
    }

    /// The sets of two or more nodes that reach each other, each sorted.
    private static func components(_ graph: [String: Set<String>]) -> [[String]] {
        func reached(from start: String) -> Set<String> {
            var found: Set<String> = []
            var open = graph[start] ?? []
            while let next = open.popFirst() {
                if found.insert(next).inserted { open.formUnion(graph[next] ?? []) }
            }
            return found
        }
        let reach = Dictionary(uniqueKeysWithValues: graph.keys.map { ($0, reached(from: $0)) })
        let circles = graph.keys.map { node in
            graph.keys.filter { $0 == node || reach[node]?.contains($0) == true && reach[$0]?.contains(node) == true }
                .sorted()
        }
        return Set(circles.filter { $0.count > 1 }).sorted { $0[0] < $1[0] }
    }
}
