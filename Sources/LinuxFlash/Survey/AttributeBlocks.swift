import FlashAccess

/// The output of the probes that list sysfs attributes: for each device a line `== name`, then `attribute:value` lines.
/// The line after `name=` is the device's name, unchanged.
struct AttributeBlocks {
    struct Block {
        /// The text after `== `.
        var title: String
        /// The values by attribute; only the first of each counts.
        var values: [String: String] = [:]
        /// The device's own name.
        var name: String?

        /// The value of an attribute as a decimal number within ``BoardLimits``.
        func decimal(_ key: String) -> Int? { values[key].flatMap { ByteText($0).trimmed.decimal } }

        /// The value of an attribute as a hexadecimal number.
        func hexadecimal(_ key: String) -> Int? { values[key].flatMap { ByteText($0).trimmed.hexadecimal } }
    }

    var blocks: [Block] = []

    init(_ reply: LinuxProbeReply) {
        var nameFollows = false
        for line in reply.lines {
            if nameFollows {
                nameFollows = false
                if !blocks.isEmpty { blocks[blocks.count - 1].name = line.name() }
                continue
            }
            if let title = line.dropping("== ") {
                guard blocks.count < 4 * BoardLimits.devices else { break }
                blocks.append(Block(title: title.trimmed.string()))
            } else if blocks.isEmpty {
                continue
            } else if line.trimmed.bytes.elementsEqual("name=".utf8) {
                nameFollows = true
            } else if let key = line.before(":"), let value = line.after(":"), key.bytes.count <= 64 {
                let last = blocks.count - 1
                let key = key.trimmed.string()
                if blocks[last].values[key] == nil, blocks[last].values.count < 64 {
                    blocks[last].values[key] = value.trimmed.string(limit: 4096)
                }
            }
        }
    }
}
