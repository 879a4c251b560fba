/// Names of the files in a backup.
package enum BagLayout {
    package static let images = "data/images"
    package static let evidence = "data/evidence"
    package static let transcript = "data/evidence/transcript.log"
    package static let restoreText = "RESTORE.md"
    package static let bagit = "bagit.txt"
    package static let bagInfo = "bag-info.txt"
    package static let payloadManifest = "manifest-sha256.txt"
    package static let tagManifest = "tagmanifest-sha256.txt"
    /// The files listed in `tagmanifest-sha256.txt` of every backup made by this program.
    package static let ownTags = [bagit, bagInfo, payloadManifest, Manifest.path, restoreText]

    /// The suffix of an unfinished backup's name.
    package static let partialSuffix = ".partial"
}
