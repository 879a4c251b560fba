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

    /// What the name of a backup that is not finished ends with.
    package static let partialSuffix = ".partial"

    /// The path of the image of one partition.
    package static func imagePath(index: Int, name: String, withOOB: Bool = false) -> String {
        images + "/" + PlainText.fileName(index: index, name: name, withOOB: withOOB)
    }

    /// The path of the image of a whole chip; `number` keeps chips apart whose ids become the same.
    package static func imagePath(chip: String, number: Int) -> String {
        let kept = PlainText.fileName(index: number, name: chip).dropFirst("mtd".count)
        return images + "/chip" + kept
    }
}
