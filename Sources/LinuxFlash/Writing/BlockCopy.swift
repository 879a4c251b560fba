/// The forms of `dd` that copy part of a file to the same offset of a device.
enum BlockCopy: String, Sendable {
    /// `conv=notrunc`: what follows is kept even if the device is actually a regular file.
    case keeping = "conv=notrunc"
    /// The same, but waits for the device: otherwise, a failure of a block device goes unreported.
    case synchronous = "conv=notrunc,fsync"
    /// Without `conv=`, which a small busybox lacks. It truncates a regular file after the bytes it writes; a device
    /// cannot be truncated (Linux `fs/open.c`, handle_truncate and do_sys_ftruncate).
    case plain = ""

    /// For display: ` without conv=`, to follow `dd`.
    var suffix: String { self == .plain ? " without conv=" : "" }

    /// The command line.
    ///
    /// - Parameters:
    ///   - unit: the unit of the other numbers, in bytes.
    func command(
        from file: String, to node: String, unit: Int, skip: String? = nil, seek: String, count: Int,
        _ toolbox: LinuxToolbox
    ) -> String {
        let words = [
            "\(toolbox.invocation("dd")) if=\(file) of=\(node) bs=\(unit)", skip.map { "skip=\($0)" }, "seek=\(seek)",
            "count=\(count)", rawValue.isEmpty ? nil : rawValue,
        ]
        return words.compactMap { $0 }.joined(separator: " ")
    }

    /// The content of a regular file after the copy.
    ///
    /// - Parameters:
    ///   - range: of the file, in bytes.
    ///   - bytes: the bytes written there.
    func result(of file: [UInt8], writing bytes: ArraySlice<UInt8>, to range: Range<Int>) -> [UInt8] {
        let rest = self == .plain ? [] : Array(file.dropFirst(range.upperBound))
        return Array(file.prefix(range.lowerBound)) + bytes + rest
    }
}
