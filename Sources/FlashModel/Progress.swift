/// A part of a verb's work.
package enum Stage: String, Sendable, Codable, CaseIterable {
    /// Reaching the board.
    case connecting
    /// Finding out what it is.
    case surveying
    /// Reading its flash.
    case reading
    /// Checking what was read against the board.
    case proving
    /// Writing flash.
    case writing
    /// Comparing flash with what it was.
    case comparing
    /// Checking files of a backup.
    case checking
    /// Writing partitions as files of their own.
    case extracting
    /// Finding out what is inside images.
    case inspecting
    /// Writing down what was done, and making it durable.
    case finishing
}

/// Something that a verb tells while it works. Faces draw it; the work does not depend on anybody listening.
package enum ProgressEvent: Sendable, Hashable {
    /// A stage begins. `bytes` is how much there is to do in it, where that is known; the count starts at 0.
    case began(Stage, bytes: Int?)
    /// Something is being worked on now: a partition as `mtd3 "rootfs"`, or a file. `bytes` is its size, where known.
    case item(String, bytes: Int?)
    /// So many bytes of the stage are done, of `total` where that is known. Grows within a stage, and comes about
    /// once for each mebibyte, and on slow lines a few times a second.
    case advanced(done: Int, total: Int?)
    /// The stage is over.
    case ended(Stage)
    /// A person must do something before it goes on: switch the board on. One line.
    case request(String)
    /// Worth knowing: a backup was taken up again, a transfer was changed. One line.
    case note(String)
    /// Worth worrying about, and kept in the report or manifest too. One line.
    case warning(String)
}

/// Receives the events of a verb. It may be called from several threads at the same time, such as that of the verb's
/// work, of a TFTP server and of a signal: a handler that keeps anything needs a lock of its own.
package typealias ProgressHandler = @Sendable (ProgressEvent) -> Void
