/// Everything learned about a board before its flash is read.
package struct Survey: Sendable, Codable, Hashable {
    /// The board's identity.
    package var board: BoardIdentity
    /// The chips, in the order of discovery.
    package var chips: [Chip]
    /// Every MTD device, by number.
    package var partitions: [Partition]
    /// Those of ``partitions`` whose bytes cannot be had here although they are flash, with the reason. Their places on the
    /// chip are unknown.
    package var unreadable: [CoverSkip]
    /// The attached UBI devices, with their volumes.
    package var ubi: [UBIDevice]
    /// Tools found on the board, by name, with their version if it was asked for: `nanddump` → `mtd-utils 2.1.5`.
    package var tools: [String: String]
    /// Whether the chips and partitions are known to be complete.
    package var table: TableKnowledge
    /// Storage that is not MTD, and that a backup does not contain; nil if the board was not asked, or did not answer.
    package var otherStorage: [OtherStorageDevice]?
    /// Distinguishes one boot of the board from the next (`/proc/sys/kernel/random/boot_id`); nil if there is no such
    /// id.
    package var bootID: String?
    /// Contradictions and doubts, one line each, for people.
    package var warnings: [String]

    package init(
        board: BoardIdentity = BoardIdentity(), chips: [Chip] = [], partitions: [Partition] = [],
        unreadable: [CoverSkip] = [], ubi: [UBIDevice] = [], tools: [String: String] = [:], table: TableKnowledge,
        otherStorage: [OtherStorageDevice]? = nil, bootID: String? = nil, warnings: [String] = []
    ) {
        self.board = board
        self.chips = chips
        self.partitions = partitions
        self.unreadable = unreadable
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

/// The facts that distinguish one board from another.
package struct BoardIdentity: Sendable, Codable, Hashable {
    /// The name in the device tree, OpenWrt's `/tmp/sysinfo/model` or `/proc/cpuinfo`.
    package var model: String?
    /// The device tree's `compatible` list, or OpenWrt's board name, most specific first.
    package var compatible: [String]
    package var hostname: String?
    /// `uname -a`, or `/proc/version`.
    package var kernel: String?
    /// Such as `OpenWrt 23.05.2`, from os-release or OpenWrt's release file.
    package var distribution: String?
    /// Such as `U-Boot 2018.03`, if the running system reports it.
    package var bootloader: String?
    /// The system type or model in `/proc/cpuinfo`.
    package var processor: String?
    /// Lower case, with colons, sorted, without duplicates; the loopback address is left out.
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

    /// A name by which a person tells this board from others: its host name, otherwise its model; nil if it has neither.
    ///
    /// `(none)` is the kernel's word for a host name that nobody has set (`UTS_NODENAME`, include/linux/uts.h), and
    /// `localhost` that of many boards.
    package var properName: String? {
        let isTelling = ![nil, "", "(none)", "localhost", "localhost.localdomain"].contains(hostname)
        return isTelling ? hostname : model
    }

    /// Whether both are the same unit, not only the same model: compared by serial number, otherwise by the addresses
    /// of the network interfaces; nil if neither is known.
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
        /// Bytes: the content of a static volume, the whole of a dynamic one.
        package var dataBytes: Int
        /// The number of erase blocks reserved for it.
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
    /// The number of the underlying MTD device.
    package var mtd: Int
    package var volumes: [Volume]

    package init(index: Int, mtd: Int, volumes: [Volume]) {
        self.index = index
        self.mtd = mtd
        self.volumes = volumes
    }
}

/// A piece of evidence: the board's answer, byte for byte, kept in the backup.
package struct Evidence: Sendable, Hashable {
    /// The file name below `data/evidence/`, such as `proc-mtd.txt`: lower case, digits, `-` and `.` only.
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}
