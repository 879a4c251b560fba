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
    /// What `tagmanifest-sha256.txt` of every backup of ours lists.
    package static let ownTags = [bagit, bagInfo, payloadManifest, Manifest.path, restoreText]

    /// What the name of a backup that is not finished ends with.
    package static let partialSuffix = ".partial"
}
