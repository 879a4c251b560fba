/// A format of images and files, recognised by its bytes alone. Pure.
///
/// To add one, write a type that conforms, in a file of its own, and list it in ``ImageFormats/all``. What it can do beyond
/// being recognised it says by conforming to ``Bootable`` or ``Relocatable`` as well.
package protocol ImageFormat: Sendable, Hashable {
    /// The format's name, for people; different for each format.
    static var name: String { get }

    /// Recognises an image of this format, and parses its headers.
    ///
    /// - Returns: nil if it is in another format.
    /// - Throws: ``ImageBytes/Fault`` if the image is shorter than its own header; what reading it throws.
    static func recognize(_ bytes: inout ImageBytes) throws -> Self?

    /// What this image is, in words, for people.
    var summary: String { get }
}
