/// The forms of `dd` that copy parts of a file to the same place of a device.
enum BlockCopy: String, Sendable {
    /// `conv=notrunc`: what lies behind stays also where the device should be a plain file.
    case keeping = "conv=notrunc"
    /// The same, and it waits for the device: only so does it tell of a failure of a block device.
    case synchronous = "conv=notrunc,fsync"
    /// Without `conv=`, which a small busybox lacks. It cuts plain files off behind what it writes; a device has no end
    /// that could be moved (Linux `fs/open.c`, handle_truncate and do_sys_ftruncate).
    case plain = ""

    /// For people: ` without conv=`, to be put behind `dd`.
    var suffix: String { self == .plain ? " without conv=" : "" }

    /// The command line.
    ///
    /// - Parameters:
    ///   - unit: bytes that the other numbers count.
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

    /// What becomes of a plain file.
    ///
    /// - Parameters:
    ///   - range: bytes of the file that are written.
    ///   - bytes: that are written there.
    func result(of file: [UInt8], writing bytes: ArraySlice<UInt8>, to range: Range<Int>) -> [UInt8] {
        let rest = self == .plain ? [] : Array(file.dropFirst(range.upperBound))
        return Array(file.prefix(range.lowerBound)) + bytes + rest
    }
}
