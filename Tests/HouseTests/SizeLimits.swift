/// Finds files and functions that are too long to be one idea.
struct SizeLimits {
    /// A file or function that may exceed the limits.
    struct Exception {
        /// The ``SourceFile/path``.
        var file: String
        /// nil for the file itself.
        var function: String?
        var reason: String
    }

    static let fileLines = 450
    static let functionLines = 60

    /// The errors, one text each: files and functions that are too long, and exceptions that are unnecessary.
    static func complaints(_ files: [SourceFile], except exceptions: [Exception] = []) -> [String] {
        var texts: [String] = []
        var used: Set<Int> = []
        func isExcepted(_ file: String, _ function: String?) -> Bool {
            let index = exceptions.firstIndex { $0.file == file && $0.function == function }
            if let index { used.insert(index) }
            return index != nil
        }
        for file in files {
            if file.lineCount > fileLines, !isExcepted(file.path, nil) {
                texts.append("\(file.path): \(file.lineCount) lines, more than \(fileLines)")
            }
            for function in file.functions
            where function.lines > functionLines && !isExcepted(file.path, function.name) {
                texts.append(
                    "\(file.path):\(function.line): \(function.name) has \(function.lines) lines, more than "
                        + "\(functionLines)")
            }
        }
        let needless = exceptions.indices.filter { !used.contains($0) }.map { exceptions[$0] }
        return texts
            + needless.map {
                "\($0.file)\($0.function.map { ", \($0)" } ?? "") is no exception any more (\($0.reason))"
            }
    }
}
