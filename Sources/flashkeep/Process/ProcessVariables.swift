import Glibc

/// The environment variables of this process.
enum ProcessVariables {
    static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Removes a variable, so that child processes do not inherit it.
    static func remove(_ name: String) {
        unsafe unsetenv(name)
    }
}
