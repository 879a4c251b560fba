internal import FlashAccess
internal import FlashModel
private import Transfers

/// Describes how flash data is transferred from a Linux shell.
struct LinuxTransferDescription: TransferDescribing {
    let plan: TransferPlan
    let toolbox: LinuxToolbox
    let frames: LinuxFrameReader
    /// Whether the shell is on a serial line.
    let isSlow: Bool

    /// The network's method; or the encoding, and the checksum of frames if any: `nc over the network`, `raw`, `gzip`, `base64, frames checked with md5`.
    var transferName: String {
        if let network = frames.networkMethod { return network }
        return plan.encoding.name + (plan.checksum.map { ", frames checked with \($0.rawValue)" } ?? "")
    }

    var usualRate: Int? { isSlow ? 10_000 : nil }

    var commands: [String] {
        let dd = toolbox.invocation("dd")
        let sum = toolbox.checksumAlgorithms.first.flatMap { toolbox.command(for: $0) }
        let read = "\(dd) if=/dev/mtdNro bs=ERASEBLOCK skip=K count=1"
        return [frames.networkCommand(for: read) ?? plan.encoding.command(read, toolbox.invocation)]
            + (sum.map { ["\(dd) if=/dev/mtdNro bs=ERASEBLOCK | \($0)"] } ?? [])
            + (frames.hasReadOOB ? ["nanddump --bb=dumpbad --oob -s OFFSET -l LENGTH /dev/mtdN"] : [])
    }
}
