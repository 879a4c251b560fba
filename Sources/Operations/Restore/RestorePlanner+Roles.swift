import FlashAccess
import FlashModel

/// What a block's role means for a restore: how late to write it, and what a mistake would do.
extension RestorePlanner {
    /// The writing order: the most critical role is last.
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

    /// The most critical role of the partitions that contain a block.
    func strictest(_ places: [FlashLayout.Place]) -> Partition.Role {
        let roles = Set(places.map(\.partition.role))
        if let guarded = [Partition.Role.bootloader, .calibration, .environment].first(where: roles.contains) {
            return guarded
        }
        // On a chip without known partitions, any block may belong to the bootloader.
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
