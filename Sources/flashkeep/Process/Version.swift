/// The version of Flashkeep.
enum Version {
    static let current = "0.1.0"
}
