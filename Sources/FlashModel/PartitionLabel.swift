/// Something that stands for a partition by its number.
package protocol PartitionLabelled {
    /// The partition's number.
    var index: Int { get }
    /// What the number counts; nil is ``Partition/Numbering/mtd``, as in all backups that do not tell.
    var numbering: Partition.Numbering? { get }
}

extension PartitionLabelled {
    /// What users call the partition, and how the name of its file begins: `mtd3`, or `part3` where there is no MTD.
    package var label: String {
        switch numbering ?? .mtd {
        case .mtd: "mtd\(index)"
        case .ordinal: "part\(index)"
        }
    }
}

extension Partition: PartitionLabelled {
    /// The partition for display: `mtd3 "rootfs"`.
    package var title: String { PlainText.partition(label, name) }
}
