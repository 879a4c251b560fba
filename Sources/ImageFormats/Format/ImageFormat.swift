/// A format of images and files, recognized by their bytes only. Pure.
///
/// To add one, write a conforming type in a file of its own, and list it in ``ImageFormats/all``. Conformance to
/// ``Bootable`` or ``Relocatable`` declares its further capabilities.
package protocol ImageFormat: Sendable, Hashable {
    /// The format's unique name, for display.
    static var name: String { get }

    /// Recognizes an image of this format, and parses its headers.
    ///
    /// - Returns: nil if it has another format.
    /// - Throws: ``ImageBytes/Fault`` if the image is shorter than its own header; errors of reading it.
    static func recognize(_ bytes: inout ImageBytes) throws -> Self?

    /// A description of this image, for display.
    var summary: String { get }
}
