import FlashAccess

/// `tftp 82000000 file 1000000`, which uploads if a size is given, and downloads otherwise (HiSilicon's U-Boot 2010.06
/// and its derivatives).
///
/// It is identified only by its help: `tftp - download or upload image via network using TFTP protocol`. It is never
/// tried, because in other bootloaders the same line would be a download.
struct VendorTFTPCommand: UBootUploadCommand {
    var method: UBootReadMethod { .tftp }

    func question(_ help: UBootHelp) -> String? {
        help.has("tftp") && !Self.uploads(help.commands["tftp"] ?? "") ? "help tftp" : nil
    }

    func isOffered(_ help: UBootHelp, answer: UBootReply?) -> Bool {
        guard let text = help.commands["tftp"] else { return false }
        return Self.uploads(text) || answer?.lines.contains { Self.uploads($0.string()) } ?? false
    }

    func line(_ commands: UBootCommands, from memory: UInt64, count: UInt64, file: String) throws -> String {
        try commands.vendorTFTPPut(from: memory, count: count, file: file)
    }

    private static func uploads(_ text: String) -> Bool { ByteText(text).lowercased.contains("upload") }
}
