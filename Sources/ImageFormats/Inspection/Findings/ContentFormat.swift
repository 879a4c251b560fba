/// A format that can be found anywhere inside an image. Pure.
///
/// To add one, write a conforming type in a file of its own, whose documentation comment is the specification with its
/// source and limits, and list it in ``ContentFormats/all``. The scanner finds the bytes of its ``signatures``,
/// ``couldStart(_:)`` rejects most of those that are there by chance, and ``examine(_:)`` decides.
package protocol ContentFormat: Sendable {
    /// The format's unique name, for display.
    static var name: String { get }

    /// Bytes that reveal it; empty if it has none and ``interval`` is set.
    static var signatures: [Signature] { get }

    /// Each multiple of this is tried in addition, whatever is there; nil for none. At least 512.
    static var interval: Int? { get }

    /// Its offset in the image is a multiple of this, in bytes.
    static var alignment: Int { get }

    /// Whether what is found within a finding of this format is part of that: nodes, backup superblocks.
    static var repeats: Bool { get }

    /// Rejects quickly, without reading more. It is called once for each occurrence of a signature, and for each
    /// ``interval``.
    ///
    /// - Parameter head: from the start of the format; 4096 bytes unless the image ends before. Indices start anywhere.
    static func couldStart(_ head: ArraySlice<UInt8>) -> Bool

    /// Examines a place where it could start.
    ///
    /// - Returns: nil if it is not there.
    /// - Throws: ``ImageBytes/Fault`` if the image ends within its header: nothing is there then.
    static func examine(_ content: inout ContentBytes) throws -> Finding?
}

extension ContentFormat {
    package static var interval: Int? { nil }
    package static var alignment: Int { 1 }
    package static var repeats: Bool { false }
    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { true }
}
