/// A command to the FTP server of EVA and ADAM2, AVM's loaders. There are no others.
///
/// A loader takes `STOR` for an order to write flash, `SETENV` and `UNSETENV` change its environment, which is on flash, and
/// `REBOOT` ends the session for good: no value of this type is one of them. Commands are in upper case, which ADAM2
/// requires (Freetz `tools/recover-eva`).
enum EVACommand: Sendable, Hashable {
    case user
    case password
    /// What the loader is.
    case system
    /// Transfers as they are.
    case binary
    /// `CHECK` and `RETR` are about flash, not RAM.
    case flashMedia
    case variable(EVAVariable)
    /// A port for the next transfer.
    case passive(PassiveMode)
    /// The checksum of a whole partition, which the loader computes.
    case check(EVAPartitionName)
    /// The bytes of a whole partition.
    case retrieve(EVAPartitionName)
    case quit

    /// Two names of one command. `P@SW` is for firewalls that change `PASV` (YourFritz `eva_tools`).
    enum PassiveMode: String, Sendable, CaseIterable {
        case usual = "PASV"
        case hidden = "P@SW"
    }

    /// The command without its end of line.
    var line: String {
        switch self {
        case .user: "USER adam2"
        case .password: "PASS adam2"
        case .system: "SYST"
        case .binary: "TYPE I"
        case .flashMedia: "MEDIA FLSH"
        case .variable(let variable): "GETENV \(variable.name)"
        case .passive(let mode): mode.rawValue
        case .check(let partition): "CHECK \(partition.text)"
        case .retrieve(let partition): "RETR \(partition.text)"
        case .quit: "QUIT"
        }
    }
}

/// The name of a partition in the loader: `mtd0` to `mtd15`.
struct EVAPartitionName: Sendable, Hashable {
    /// 0 to 15, as in the environment's table of names (Freetz `tools/tffs`).
    let number: Int

    static let all = (0...15).compactMap(EVAPartitionName.init)

    /// nil if there can be no such partition.
    init?(_ number: Int) {
        guard (0...15).contains(number) else { return nil }
        self.number = number
    }

    var text: String { "mtd\(number)" }
}

/// A variable of the loader's environment that is asked for. Those with secrets (`wlan_key`, `webgui_pass`,
/// `tr069_passphrase`) are not among them.
enum EVAVariable: Sendable, Hashable {
    case identity(Identity)
    /// The first address of a partition, and the first behind it.
    case partition(EVAPartitionName)

    enum Identity: String, Sendable, CaseIterable {
        case product = "ProductID"
        case hardware = "HWRevision"
        case serialNumber = "SerialNumber"
        case bootloader = "bootloaderVersion"
        case loader = "urlader-version"
        case firmware = "firmware_info"
        case brand = "firmware_version"
        case flashSize = "flashsize"
        case macLAN = "maca"
        case macUSB = "macb"
        case macWLAN = "macwlan"
        case macDSL = "macdsl"
        /// Which of two systems is started.
        case system = "linux_fs_start"
    }

    static let all = Identity.allCases.map(EVAVariable.identity) + EVAPartitionName.all.map(EVAVariable.partition)

    var name: String {
        switch self {
        case .identity(let identity): identity.rawValue
        case .partition(let partition): partition.text
        }
    }
}
