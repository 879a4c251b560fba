/// What a TFTP transfer of U-Boot prints.
struct TFTPPrintout {
    /// Whether it is HiSilicon's `tftp` (its `net/tftp.c`, TftpStart, TftpHandler and TftpTimeout; posted logs) in place
    /// of `tftpboot` and `tftpput` (`malta-put-tftpboot`, `malta-put-tftpput`).
    var isVendors: Bool

    func uploadStart(_ name: String, address: UInt64, size: Int) -> String {
        let memory = "0x\(String(address, radix: 16))"
        return isVendors
            ? "Upload Filename '\(name)'.\nUpload from address: \(memory), \(Self.mebibytes(size)) MB to be send ...\n"
                + "Uploading: *\u{8}"
            : "Filename '\(name)'.\nSave address: \(memory)\nSave size:    0x\(String(size, radix: 16))\nSaving: *\u{8}"
    }

    func downloadStart(_ name: String, address: UInt64) -> String {
        let memory = "0x\(String(address, radix: 16))"
        return isVendors
            ? "Download Filename '\(name)'.\nDownload to address: \(memory)\nDownloading: *\u{8}"
            : "Filename '\(name)'.\nLoad address: \(memory)\nLoading: *\u{8}"
    }

    /// The marks for so many bytes: one each 64 blocks of 512 bytes, 32 in a line, or one each ten of 1468.
    func marks(_ count: Int) -> String {
        guard isVendors else { return String(repeating: "#", count: min(65, count / 14_680 + 1)) }
        return (0...count / 32_768).map { number in
            guard number % 32 == 0 else { return "#" }
            return number == 0 ? "#\t[ Connected ]\n" : "#\t[\(Self.mebibytes(number * 32_768)) MB]\n"
        }.joined()
    }

    /// The end of a transfer that succeeded.
    ///
    /// - Parameter direction: `upload` or `download`.
    func end(_ count: Int, _ direction: String) -> String {
        marks(count)
            + (isVendors
                ? "\n\t \(Self.mebibytes(count)) MB \(direction) ok.\n"
                : "\n\t 5.7 MiB/s\ndone\nBytes transferred = \(count) (\(String(count, radix: 16)) hex)\n")
    }

    /// A server's error. HiSilicon's begins again, without end.
    func error(_ reason: String, _ code: Int) -> String {
        "\nTFTP error: '\(reason)' (\(code))\n\(isVendors ? "Starting again\n\n" : "Not retrying...\n")"
    }

    var timeout: String { isVendors ? "T" : "T " }

    /// MiB, and three digits of KiB.
    private static func mebibytes(_ count: Int) -> String {
        let kibibytes = String((count & 0xF_FFFF) >> 10)
        return "\(count >> 20)." + String(repeating: "0", count: 3 - min(3, kibibytes.count)) + kibibytes
    }
}
