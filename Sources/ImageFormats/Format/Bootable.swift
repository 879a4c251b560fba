/// A format that a user may want to start from RAM: what starting an image takes, and why it is refused.
///
/// All requirements except ``fault(fileSize:)`` have defaults: those of an image that no command starts.
package protocol Bootable: ImageFormat {
    /// The command that starts it; nil if none does that Flashkeep uses.
    var command: BootCommand? { get }

    /// The processor family that it is made for; nil if it does not say.
    var architecture: BoardArchitecture? { get }

    /// The memory that its content takes when it is started, which the file must not be loaded over. Nil if that is
    /// unknown, if it runs in place, or if it moves itself out of the way.
    ///
    /// - Parameter memoryStart: where the board's first bank of memory starts; nil if unknown.
    func target(memoryStart: UInt64?) -> Range<UInt64>?

    /// Bytes of memory that must be free from the load address on: the file, and what a kernel that runs in place takes
    /// in addition.
    func room(fileSize: Int) -> UInt64

    /// Why no board can start it, in one sentence or several; nil if no reason is known.
    func fault(fileSize: Int) -> String?
}

extension Bootable {
    package var command: BootCommand? { nil }
    package var architecture: BoardArchitecture? { nil }
    package func target(memoryStart: UInt64?) -> Range<UInt64>? { nil }
    package func room(fileSize: Int) -> UInt64 { UInt64(max(0, fileSize)) }

    /// The most bytes that may follow a kernel without a root file system: padding to an erase block, a signature. A
    /// root file system is larger.
    static var padding: Int { 128 << 10 }
}
