import Foundation
import Testing

/// Unknown values must not become 0, empty or false on their way to "whole", "proven" or exit status 0. This finds all
/// defaults in the files on that way; each is listed here with the reason why it claims nothing.
@Suite struct DefaultsTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The files and folders between a board's replies and the report to the user.
    private static let way = [
        "Sources/FlashModel/Chip.swift", "Sources/FlashModel/Partition.swift", "Sources/FlashModel/PartitionMap.swift",
        "Sources/FlashModel/ReadCoverage.swift", "Sources/FlashModel/FlashUnknown.swift",
        "Sources/FlashModel/TableKnowledge.swift", "Sources/FlashModel/LayoutChange.swift",
        "Sources/FlashModel/Survey.swift", "Sources/FlashModel/OtherStorageDevice.swift",
        "Sources/FlashAccess/Text/ProcMTD.swift", "Sources/FlashAccess/Text/UBootMTDList.swift",
        "Sources/FlashAccess/Text/UBootBadBlocks.swift",
        "Sources/HTTPFlash/Parsing", "Sources/HTTPFlash/Pages", "Sources/HTTPFlash/LuCI", "Sources/HTTPFlash/Failsafe",
        "Sources/BareboxFlash/Parsing", "Sources/EVAFlash/Parsing", "Sources/LinuxFlash/Survey",
        "Sources/UBootFlash/Parsing",
        "Sources/RedBootFlash/Parsing",
        "Sources/CFEFlash/Parsing", "Sources/RealtekFlash/Parsing",
        "Sources/BackupBags/Manifest",
        "Sources/Operations/Verify.swift", "Sources/Operations/ProofClaim.swift",
        "Sources/Operations/VerifiedImage.swift", "Sources/Operations/VerifiedBackup.swift",
        "Sources/Operations/Backup", "Sources/Operations/BoardProof",
        "Sources/flashkeep/Process/ExitStatus.swift",
    ]

    /// The exceptions in those folders, which do not affect the survey: text for display, tools, and code that reads or
    /// writes after it.
    private static let besides: Set = [
        "BoardTexts.swift", "DeviceTree.swift", "LinuxTools.swift", "UBootPrintout.swift", "UBootLoadAddress.swift",
        "UBootPageDump.swift", "UBootConsoleText.swift", "UBootTransferResult.swift",
        "UBootWriteResult.swift", "UBootEnvironment.swift", "UBootCommands.swift", "UBootFacts+Memory.swift",
        "UBootMemoryDump.swift",
    ]

    private static let text = "words for a person"
    private static let match = "two sources that do not say the same do not match"
    private static let geometry =
        "0 and 1 stand for a geometry that is not known, and are no claim: BadBlockSources and UBootChipMap make the bad "
        + "blocks unknown then, --oob is refused, and a restore refuses another geometry"

    /// The reason why a default claims nothing, by file and part of the line.
    private static let reasons: [String: [String: String]] = [
        "PartitionMap": ["chipRange?.isEmpty": "what has no place overlaps nothing that is known"],
        "FlashUnknown": ["known.note": text],
        "SysfsMTD": ["block.values[\"path\"]": "an empty path is no path: the parent is unknown then"],
        "KernelLog": [
            "chip?.trimmed": text, ": Found": text, "line.group.map": "a line of no group stays",
        ],
        "LogMatch": ["parent.map": "a line without a parent ends the chain"],
        "MTDDevices": [
            "shown((index": text, "device(index)?.name": text, "sysfs.eraseSize ?? 0": geometry,
            "kernelVersion": "of an unknown kernel no device is taken for a whole chip, whose size would be exact",
        ],
        "MTDPlaces": ["part.size.map": "a part without a size is all the rest, and matches by name"],
        "ChipGrouping": [
            "groupsOfPath": "no group at that path is not several", "\"\\(device.eraseSize)\"": match,
            "members[.shape": "no members overlap nothing",
        ],
        "LinuxChips": [
            "path.last": text, "chipPath": text, "device(index).map": text, "nand.words.map": match, "spiDevices": text,
            "places[device.index].map": "no place is not placed", "members.map(\\.eraseSize)": geometry,
            "oobSize ?? 0": geometry, "nand.device.map": match,
        ],
        "LinuxPartitionMap": ["chip?.pageSize": geometry, "chip?.oobSize": geometry],
        "LinuxSurvey": ["?? true": "a line without a number is doubtful", "strayLines.first": text],
        "LinuxFacts": [
            "expert-mode": "off unless debugfs or the log says otherwise; the kernel logs it when it is on",
            "printk": "levels that are not known are not put back",
            "reply.lines.first?.words": "an unknown kernel is nil",
        ],
        "Mounts": ["device ?? 0": "ubi:name is on ubi0 (Documentation/filesystems/ubifs.rst)"],
        "SysfsUBI": ["block.name": text, "data_bytes": text, "reserved_ebs": text],
        "FlashTable": ["eraseSize ?? 0": geometry],
        "HTMLTags": ["parts.first": "no bytes decode to none"],
        "DumpPageSurvey": [
            "files[entry.index]": "without a file the partition is named as missing",
            "files[index]": "each index has a file", "name.rest": text,
            "keys.max()": "without files no number is missing",
        ],
        "LinkedDumps": ["example.map": text],
        "Ubus": ["data.map": "a request that cannot be made is refused by the board", "error.message": text],
        "FailsafeSurvey": [
            "list?.strayLines": "of a list that is not there, no line was misunderstood", "device?.pageSize": geometry,
            "size ?? 0": geometry, "list?.devices": "without a list no partition has a place",
        ],
        "UBootChipMap": [
            "device.blockSize ?? 0": geometry, "device.oobSize ?? 0": geometry, "spi.eraseSize ?? 0": geometry,
            "device.pageSize ?? 1": geometry, "bank.sectorSizes": "then the mean of the sectors stands for them",
            "version.map": "of an unknown version the next test doubts all beyond 16 MiB",
            "case let size": "at least 0 bytes claims nothing",
            "facts.flash?.misunderstood": "without flinfo nothing of it was misunderstood",
        ],
        "UBootChipMap+Sources": [
            "facts.help?.has": "a command that is not listed is not used", "line.eraseSize ?? 0": geometry,
            "given.eraseBlockSize ?? 0": geometry,
            "serialInNAND.map": "a chip of unknown size takes nothing off the sum, which then is no power of two",
        ],
        "UBootChipMap+Partitions": [
            "found?.pieces": "without a table the whole chip is read",
            "sharedMemory?.strayLines": "of a table that is not there, no line was misunderstood",
        ],
        "UBootPrintedSerialFlash": ["usage?.lines": "without its usage the command is not sent"],
        "UBootPartitionTables": [
            "environment?.variables": "without variables there is no table", "mtdids": "without names none matches",
        ],
        "UBootSPIFlash": ["rest.after(": text],
        "UBootStopPrompt": ["key(word)": "a word that names no key gives none"],
        "ReadCoverage": ["only?.contains": "nil asks for all"],
        "ImageProof": ["computed[piece.partition.index]": "without checksums of before, all are computed"],
        "UBootSurvey": ["ethernetAddresses": text, "variables[name]": text],
        "UBootFacts": [
            "UBootEnvironment(reply)": "what is no reply is asked for again",
            "UBootFlashInfo(reply)": "what is no reply is asked for again",
            "} ?? false": "raw reads that are not known are not used",
        ],
        "UBootMTDList": ["outer?.offset": "a partition of no other counts from the chip's start"],
        "Summary": [
            "proof.notes.first": text, "kept.contains": "only of a backup of some partitions, which is never whole",
        ],
        "ManifestCheck": [
            "value.map": "a number that is not there is not out of range",
            "image.proof.parts": "nothing lies outside",
            "partition.badBlocks": "nothing lies outside", "size.map": "a size that cannot be told is refused",
        ],
        "Verify": [
            "ProofClaim.all": "a file that is no image claims nothing", "falseClaims": "unread files are reported",
        ],
        "ProofClaim": ["proof.checksum": "without a checksum there is nothing to compute"],
        "CFEChipMap": [
            "eraseBlockSize ?? 0": geometry, "start.norBlockSize ?? 0": geometry,
            "strayLines": "of a list that is not there, no line was misunderstood",
            "facts.partitions?.parts": "without a list no part of the chip has a name",
        ],
        "CFEHelp": ["trimmed.string": text],
        "BareboxFacts": ["devices?.candidates": "without a list of devices none is asked for, and no flash is found"],
        "BareboxFlashDevice": ["part.size ?? 0": "a part without a size is all the rest"],
        "BoardProof": ["different[space]": "without findings in a space nothing of it differs"],
        "BoardProofReport": ["layout.holes": "a space without holes has none"],
        "WholePartitionChecks": [
            "old.runs": "where the backup has nothing, nothing is compared",
            "old.holes": "a space without holes has none",
        ],
        "BackupRun": ["presentBytes": "counts what need not be read again"],
        "BackupName": ["names(in:": "a folder that cannot be listed holds no name that is known"],
    ]

    private static func files() throws -> [URL] {
        try way.flatMap { path -> [URL] in
            let url = repository.appending(path: path)
            guard !path.hasSuffix(".swift") else { return [url] }
            return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "swift" && !besides.contains($0.lastPathComponent) }
        }
    }

    @Test func everyDefaultHasAReason() throws {
        let defaults = try Regex(#"\?\? (0|1|\[\]|\[:\]|false|true|"")(?![0-9A-Za-z_.])"#)
        var used: Set<String> = []
        var count = 0
        for file in try Self.files() {
            let name = file.deletingPathExtension().lastPathComponent
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            where line.contains("?? ") && line.contains(defaults) {
                count += 1
                let reason = Self.reasons[name]?.keys.filter { line.contains($0) }.max { $0.count < $1.count }
                #expect(
                    reason != nil,
                    "\(name): a default on the way from what is not known to a claim: \(line.drop { $0 == " " })")
                if let reason { used.insert("\(name): \(reason)") }
            }
        }
        let listed = Set(Self.reasons.flatMap { file, lines in lines.keys.map { "\(file): \($0)" } })
        #expect(used == listed, "these reasons have no line any more: \(listed.subtracting(used).sorted())")
        print("\(count) defaults on the way from what is not known to a claim, each with its reason")
    }
}
