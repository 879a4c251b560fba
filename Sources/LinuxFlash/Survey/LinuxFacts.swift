package import FlashAccess
package import FlashModel

/// All probe results, parsed but not yet evaluated. They include what a survey omits but reading or writing needs:
/// device nodes, device numbers, tools.
package struct LinuxFacts: Sendable {
    package var procMTD: ProcMTD
    package var sysfs: SysfsMTD
    package var kernelLog: KernelLog
    package var commandLine: KernelCommandLine
    package var deviceTree: DeviceTree
    package var mounts: Mounts
    package var ubi: [UBIDevice]
    /// The maps of bad blocks, by MTD number.
    package var blockMaps: [Int: MTDInfoMap]
    package var environment: UBootPrintout
    package var tools: LinuxTools
    package var nodes: LinuxNodes
    /// The block devices other than MTD; nil if the board did not list them.
    package var otherStorage: [OtherStorageDevice]?
    /// Differs between boots; nil if unknown.
    package var bootID: String?
    /// The sysfs attributes of SPI devices, by name (`spi0.0`): `modalias`, `jedec_id`, `manufacturer`, `partname`.
    package var spiDevices: [String: [String: String]]
    /// The user's number; nil if unknown. 0 is root.
    package var userID: Int?
    /// The kernel's version, major and minor.
    package var kernelVersion: KernelVersion?
    /// Whether the kernel's protection of bad blocks is off.
    package var isExpertMode: Bool
    /// The levels in `/proc/sys/kernel/printk`; empty if unknown.
    package var printkLevels: [Int]
    /// The available memory in bytes; nil if unknown.
    package var availableMemory: Int?

    /// A kernel's version.
    package struct KernelVersion: Sendable, Hashable, Comparable {
        package var major: Int
        package var minor: Int

        package init(major: Int, minor: Int) {
            self.major = major
            self.minor = minor
        }

        package static func < (left: KernelVersion, right: KernelVersion) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }
    }

    /// Parses the replies, by probe name. Any may be missing.
    package init(_ replies: [String: LinuxProbeReply]) {
        let empty = LinuxProbeReply(output: [], exitStatus: 127)
        func reply(_ name: String) -> LinuxProbeReply { replies[name] ?? empty }

        procMTD = ProcMTD(reply("proc-mtd.txt").output)
        sysfs = SysfsMTD(reply("sysfs-mtd.txt"))
        kernelLog = KernelLog([reply("dmesg.txt"), reply("kernel-log.txt")])
        commandLine = KernelCommandLine(reply("cmdline.txt"))
        deviceTree = DeviceTree(reply("device-tree-flash.txt"))
        mounts = Mounts(reply("mounts.txt"))
        ubi = SysfsUBI.devices(reply("sysfs-ubi.txt"))
        blockMaps = MTDInfoMap.maps(reply("mtdinfo-map.txt"))
        environment = UBootPrintout(output: replies["fw-printenv.txt"], errors: replies["fw-printenv-errors.txt"])
        tools = LinuxTools(replies)
        nodes = LinuxNodes(reply("nodes.txt"))
        otherStorage = OtherStorage.parse(replies["partitions.txt"], mounts: mounts, root: commandLine.root)
        bootID = reply("boot-id.txt").lines.first.map { $0.trimmed.string(limit: 64) }.flatMap { $0.isEmpty ? nil : $0 }
        spiDevices = [:]
        for block in AttributeBlocks(reply("spi-nor.txt")).blocks.prefix(64) {
            spiDevices[block.title] = block.values
        }
        userID = Self.userID(reply("user-id.txt"))
        kernelVersion = Self.kernelVersion(reply("kernel.txt"))
        isExpertMode =
            reply("expert-mode.txt").lines.first?.trimmed.bytes.elementsEqual("Y".utf8) ?? false
            || kernelLog.badBlockChecksDisabled && replies["expert-mode.txt"]?.exitStatus != 0
        printkLevels = reply("printk.txt").lines.first?.words.prefix(4).compactMap(\.decimal) ?? []
        availableMemory = Self.availableMemory(reply("memory.txt"))
    }

    static func userID(_ reply: LinuxProbeReply) -> Int? {
        guard let word = reply.lines.first(where: { !$0.trimmed.isEmpty })?.trimmed else { return nil }
        return word.bytes.elementsEqual("root".utf8) ? 0 : word.decimal
    }

    /// Parses `Linux version 6.1.0-56 …` or `Linux host 6.1.0-56 …`.
    private static func kernelVersion(_ reply: LinuxProbeReply) -> KernelVersion? {
        for word in reply.lines.first?.words.prefix(6) ?? [] {
            var rest = word
            if let major = rest.takeDecimal(), rest.take("."), let minor = rest.takeDecimal() {
                return KernelVersion(major: major, minor: minor)
            }
        }
        return nil
    }

    private static func availableMemory(_ reply: LinuxProbeReply) -> Int? {
        var values: [String: Int] = [:]
        for line in reply.lines.prefix(60) {
            guard let key = line.before(":")?.trimmed.string(limit: 32),
                let value = line.after(":")?.words.first?.decimal
            else { continue }
            values[key] = value.times(1024)
        }
        // Kernels before 3.14 do not report available memory; the free memory is a lower bound.
        return values["MemAvailable"] ?? values["MemFree"]
    }
}
