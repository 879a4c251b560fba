package import SystemPackage

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

extension FilePath {
    /// Whether this path is another one, or lies within it, by its spelling or by what it leads to: one folder may have
    /// several spellings, through symbolic links or from the current folder.
    package func isWithin(_ other: FilePath) -> Bool {
        lexicallyNormalized().starts(with: other.lexicallyNormalized()) || resolved.starts(with: other.resolved)
    }

    /// The absolute path without symbolic links (POSIX.1-2008, `realpath`); what does not exist yet is added as it is
    /// spelled.
    var resolved: FilePath {
        var rest = FilePath.ComponentView()
        var existing = self
        while true {
            if let found = existing.realPath {
                return FilePath(root: found.root, found.components + rest).lexicallyNormalized()
            }
            guard let last = existing.lastComponent else {
                return FilePath(root: existing.root, rest).lexicallyNormalized()
            }
            rest.insert(last, at: rest.startIndex)
            existing = existing.removingLastComponent()
            if existing.isEmpty { existing = "." }
        }
    }

    /// nil if the path leads nowhere.
    private var realPath: FilePath? {
        unsafe withPlatformString { path in
            guard let found = unsafe realpath(path, nil) else { return nil }
            defer { unsafe free(found) }
            return unsafe FilePath(platformString: found)
        }
    }
}
