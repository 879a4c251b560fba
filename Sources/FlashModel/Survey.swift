/// All that was learned of a board before its flash was read.
package struct Survey: Sendable, Codable, Hashable {
    /// Who the board is.
    package var board: BoardIdentity
    /// The chips, in the order in which they were found.
    package var chips: [Chip]
    /// Every MTD device, by number.
    package var partitions: [Partition]
    /// The UBI devices that are attached, with their volumes.
    package var ubi: [UBIDevice]
    /// Tools found on the board, by name, with their generation where it was asked: `nanddump` → `mtd-utils 2.1.5`.
    package var tools: [String: String]
    /// Whether the chips and partitions are known to be all that there are.
    package var table: TableKnowledge
    /// Storage that is no MTD, and that a backup does not hold; nil where the board was not asked, or did not answer.
    package var otherStorage: [OtherStorageDevice]?
    /// What tells one boot of the board from the next (`/proc/sys/kernel/random/boot_id`); nil where nothing does.
    package var bootID: String?
    /// Contradictions and doubts, one line each, for a person.
    package var warnings: [String]

    package init(
        board: BoardIdentity = BoardIdentity(), chips: [Chip] = [], partitions: [Partition] = [],
        ubi: [UBIDevice] = [], tools: [String: String] = [:], table: TableKnowledge,
        otherStorage: [OtherStorageDevice]? = nil, bootID: String? = nil, warnings: [String] = []
    ) {
        self.board = board
        self.chips = chips
        self.partitions = partitions
        self.ubi = ubi
        self.tools = tools
        self.table = table
        self.otherStorage = otherStorage
        self.bootID = bootID
        self.warnings = warnings
    }

    /// The chip with this id.
    package func chip(_ id: String) -> Chip? { chips.first { $0.id == id } }

    /// The MTD device with this number.
    package func partition(_ index: Int) -> Partition? { partitions.first { $0.index == index } }
}

/// What tells one board from another.
package struct BoardIdentity: Sendable, Codable, Hashable {
    /// As the device tree, OpenWrt's `/tmp/sysinfo/model` or `/proc/cpuinfo` name it.
    package var model: String?
    /// The device tree's `compatible` list, or OpenWrt's board name, most specific first.
    package var compatible: [String]
    package var hostname: String?
    /// `uname -a`, or `/proc/version`.
    package var kernel: String?
    /// Such as `OpenWrt 23.05.2`, from os-release or OpenWrt's release file.
    package var distribution: String?
    /// Such as `U-Boot 2018.03`, where something on the running system tells.
    package var bootloader: String?
    /// `/proc/cpuinfo`'s system type or model.
    package var processor: String?
    /// Lower case, colons, sorted, without duplicates; the loopback's is left out.
    package var macAddresses: [String]
    package var serialNumber: String?

    package init(
        model: String? = nil, compatible: [String] = [], hostname: String? = nil, kernel: String? = nil,
        distribution: String? = nil, bootloader: String? = nil, processor: String? = nil,
        macAddresses: [String] = [], serialNumber: String? = nil
    ) {
        self.model = model
        self.compatible = compatible
        self.hostname = hostname
        self.kernel = kernel
        self.distribution = distribution
        self.bootloader = bootloader
        self.processor = processor
        self.macAddresses = macAddresses
        self.serialNumber = serialNumber
    }

    /// Whether it is one and the same unit, and not only the same model: by the serial number, else by the addresses of
    /// its network interfaces; nil where nothing tells.
    package func isSameUnit(as other: BoardIdentity) -> Bool? {
        if let mine = serialNumber, let its = other.serialNumber, !mine.isEmpty, !its.isEmpty { return mine == its }
        guard !macAddresses.isEmpty, !other.macAddresses.isEmpty else { return nil }
        return !Set(macAddresses).isDisjoint(with: other.macAddresses)
    }
}

/// A UBI device: a layer that spreads volumes over the erase blocks of one MTD device.
package struct UBIDevice: Sendable, Codable, Hashable {
    package struct Volume: Sendable, Codable, Hashable {
        package var id: Int
        package var name: String
        /// `static` or `dynamic`.
        package var type: String
        /// Bytes: the content's of a static volume, the whole volume's of a dynamic one.
        package var dataBytes: Int
        /// Erase blocks kept for it.
        package var reservedEraseBlocks: Int

        package init(id: Int, name: String, type: String, dataBytes: Int, reservedEraseBlocks: Int) {
            self.id = id
            self.name = name
            self.type = type
            self.dataBytes = dataBytes
            self.reservedEraseBlocks = reservedEraseBlocks
        }
    }

    /// The number N of `ubiN`.
    package var index: Int
    /// The number of the MTD device below.
    package var mtd: Int
    package var volumes: [Volume]

    package init(index: Int, mtd: Int, volumes: [Volume]) {
        self.index = index
        self.mtd = mtd
        self.volumes = volumes
    }
}

/// A piece of evidence: what the board answered, byte for byte, kept in the backup.
package struct Evidence: Sendable, Hashable {
    /// File name below `data/evidence/`, such as `proc-mtd.txt`: lower case, digits, `-` and `.` only.
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}
