import FlashAccess
import FlashModel

/// What a block's role means for a restore: how late it is written, and what a mistake there does.
extension RestorePlanner {
    /// What can be missed least is written last.
    static func rank(_ role: Partition.Role) -> Int {
        switch role {
        case .config, .unknown: 0
        case .environment: 1
        case .firmware: 2
        case .calibration: 3
        case .bootloader: 4
        }
    }

    static func words(_ role: Partition.Role) -> String {
        switch role {
        case .environment: "bootloader's environment"
        case .calibration: "calibration data"
        default: role.rawValue
        }
    }

    static func risk(_ role: Partition.Role) -> String {
        switch role {
        case .bootloader: "leaves a board that no longer starts"
        case .environment: "can keep the board from starting, and addresses may be in it"
        default: "cannot be repaired, because each unit has its own"
        }
    }

    func aftermath(_ role: Partition.Role) -> String {
        switch role {
        case .bootloader:
            "The board no longer starts: a serial loader of the processor or a programmer must write the bootloader."
        case .environment: "The bootloader starts with its defaults; run the same command again."
        case .calibration:
            "The radio may not work until the same command has been run again; the bytes are in the backup."
        case .firmware:
            "The system may no longer start, but the bootloader does: \(hints.noSystem)."
        case .config, .unknown: "The data stored there may be unusable until the same command has been run again."
        }
    }

    /// The most delicate of all that a block belongs to.
    func strictest(_ places: [FlashLayout.Place]) -> Partition.Role {
        let roles = Set(places.map(\.partition.role))
        if let guarded = [Partition.Role.bootloader, .calibration, .environment].first(where: roles.contains) {
            return guarded
        }
        // Of a chip of which nobody told what is where, any block may be the bootloader's.
        let all = comparison.old.places + comparison.new.places
        if places.allSatisfy({ $0.partition.offsetSource == .wholeChip }),
            !all.contains(where: { place in
                place.partition.role == .bootloader && places.contains { $0.space == place.space }
            })
        {
            return .bootloader
        }
        return [.firmware, .config].first(where: roles.contains) ?? .unknown
    }
}
