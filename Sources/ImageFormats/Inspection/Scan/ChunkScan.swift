/// What one pass over a part of an image found.
package struct ChunkScan: Sendable {
    /// A place where a format could start.
    package struct Hit: Sendable, Hashable {
        /// The format's number in ``SignatureTable/formats``.
        package var format: Int
        /// Its offset in the image.
        package var start: Int
    }

    /// In the order in which they were found.
    package var hits: [Hit] = []
    /// One for each block of ``Texture/blockSize`` bytes.
    package var textures = TextureList()
    /// The numbers of the formats with more hits than are kept.
    package var overfull: Set<Int> = []
}
