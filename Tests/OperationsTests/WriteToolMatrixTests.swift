import BoardChannels
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// A board whose tools are not what they seem: each option of each tool that writes is missing, different or lies.
///
/// A case passes if the restore ends with the backup's bytes on the flash, or if nothing was erased or written and the
/// refusal says which tool is the reason and what it did. A tool that works with regular files and fails only on flash
/// cannot be detected beforehand. Then at most one erase block may have changed (one partition, if nothing smaller can
/// be erased), and the restore must have stopped there. The error must say what the tool printed and what the block
/// contains now, and call the block failing only if the tool reported an input/output error.
@Suite("Restores with tools that are missing, different or lie", .serialized)
struct WriteToolMatrixTests {
    // MARK: Boards

    /// The tools that a board has for writing, and what it must write.
    enum Method: String, CaseIterable, Sendable {
        case flashErase, blockDevice, openWrt, flashEraseAll

        var tools: [String] {
            switch self {
            case .flashErase: ["flash_erase"]
            case .blockDevice: []
            case .openWrt: ["mtd"]
            case .flashEraseAll: ["flash_eraseall"]
            }
        }

        /// The partitions to restore: only NOR has block devices that may be written.
        var partitions: [String] {
            switch self {
            case .flashErase: ["mtd1", "mtd2"]
            case .blockDevice: ["mtd1"]
            case .openWrt, .flashEraseAll: ["mtd2"]
            }
        }
    }

    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 6, blockSize: 4096, seed: 13)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 4, blockSize: 8192, pageSize: 2048, oobSize: 64, seed: 14)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [nor.device(0, "u-boot", 0..<2), nor.device(1, "rootfs", 2..<6), nand.device(2, "data", 0..<4)])
        hardware.isWritable = true
        return hardware
    }

    /// The same board with two blocks of each chip changed.
    private static func changed() -> SimulatedHardware {
        var hardware = hardware()
        for block in [3, 4] { hardware.chips["spi0.0"]?.bytes[block * 4096 + 9] ^= 0x5A }
        for block in [1, 2] { hardware.chips["nand0"]?.bytes[block * 8192 + 2048] ^= 3 }
        return hardware
    }

    // MARK: Faults

    /// A fault of a tool.
    struct Fault: Sendable {
        var name: String
        var tool: String
        /// A shell script that replaces the tool; `$REAL` runs the real one. nil if the tool is missing.
        var script: String?
        /// Whether the fault appears only with flash.
        var isOfFlashOnly = false
        /// Whether the tool reports a flash failure.
        var blamesFlash = false
    }

    /// The usage of a busybox whose `dd` was built without FEATURE_DD_IBS_OBS.
    private static let ddUsage =
        "printf 'BusyBox v1.11.2 (2009-01-05 04:31:07 UTC) multi-call binary\\n\\n"
        + "Usage: dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N]\\n\\t[seek=N]\\n\\n' >&2"

    /// Runs the real `dd` unless it writes to a file or a device.
    private static let whereItWrites =
        "case \" $* \" in *' of=/dev/null '*) $REAL \"$@\";exit;; *' of='*) ;; *) $REAL \"$@\";exit;; esac\n"
    private static let whereItIsFlash = "case \" $* \" in *' of='*/root/dev/mtd*) ;; *) $REAL \"$@\";exit;; esac\n"

    /// Drops an option, or changes its value.
    private static func altered(_ option: String, to value: String) -> String {
        "n=$#;while [ $n -gt 0 ];do a=$1;shift;n=$(($n-1));case $a in \(option)=*) a=\(value);; esac;"
            + "[ \"$a\" ]&&set -- \"$@\" \"$a\";done;$REAL \"$@\""
    }

    /// Writes the first half of the requested bytes.
    private static let half =
        "k=0;for a in \"$@\";do case $a in if=*) i=${a#if=};; of=*) o=${a#of=};; bs=*) b=${a#bs=};; skip=*) k=${a#skip=};; "
        + "seek=*) s=${a#seek=};; count=*) c=${a#count=};; esac;done;"
        + "dd if=\"$i\" of=\"$o\" bs=$(($b/2)) skip=$(($k*2)) seek=$(($s*2)) count=$c conv=notrunc 2>/dev/null"

    private static func dd(_ method: Method) -> [Fault] {
        // OpenWrt's mtd writes without dd.
        guard method != .openWrt else { return [] }
        var faults: [Fault] = []
        func add(_ name: String, _ script: String, onFlash: Bool = false, blames: Bool = false) {
            faults.append(
                Fault(
                    name: "dd \(name)", tool: "dd", script: (onFlash ? whereItIsFlash : whereItWrites) + script,
                    isOfFlashOnly: onFlash, blamesFlash: blames))
        }
        for option in ["conv", "seek", "count", "bs", "skip"] {
            // Reading needs all of them except seek and conv; a board without them cannot be read either.
            add("without \(option)=", "case \" $* \" in *' \(option)='*) \(ddUsage);exit 1;; esac;$REAL \"$@\"")
            add(
                "without \(option)=, and status 0",
                "case \" $* \" in *' \(option)='*) \(ddUsage);exit 0;; esac;$REAL \"$@\"")
            add("ignoring \(option)=", altered(option, to: ""))
        }
        add(
            "without fsync",
            "case \"$*\" in *fsync*) echo 'dd: invalid conversion: fsync' >&2;exit 1;; esac;$REAL \"$@\"")
        add("ignoring fsync", altered("conv", to: "conv=notrunc"))
        add("with another count", altered("count", to: "count=1"))
        add("with another seek", altered("seek", to: "seek=0"))
        add("with another skip", altered("skip", to: "skip=0"))
        add("writing nothing", "exit 0")
        add("writing nothing, with its records", "echo '1+0 records in' >&2;echo '1+0 records out' >&2;exit 0")
        add("printing its usage", "\(ddUsage);exit 1")
        add("printing its usage, and status 0", "\(ddUsage);exit 0")
        add("working, and status 1", "$REAL \"$@\";exit 1")
        add("failing", "echo \"dd: can't open output: Permission denied\" >&2;exit 1")
        add("writing a half", half)
        add(
            "writing other bytes",
            "for a in \"$@\";do case $a in of=*) f=${a#of=};; esac;done;$REAL \"$@\"&&printf X|dd of=\"$f\" bs=1 seek=5000 conv=notrunc 2>/dev/null"
        )
        add("nowhere", "echo 'sh: dd: not found' >&2;exit 127")
        add("writing nothing to flash", "exit 0", onFlash: true)
        add("printing its usage for flash", "\(ddUsage);exit 1", onFlash: true)
        add("printing its usage for flash, and status 0", "\(ddUsage);exit 0", onFlash: true)
        add("writing a half to flash", half, onFlash: true)
        add("working on flash, and status 1", "$REAL \"$@\";exit 1", onFlash: true)
        add(
            "failing on flash", "echo 'dd: writing: Input/output error' >&2;exit 1", onFlash: true, blames: true)
        add("refused by flash", "echo 'dd: writing: Operation not permitted' >&2;exit 1", onFlash: true)
        return faults
    }

    /// The usages of other tools of the same name.
    private static let others = [
        ("block numbers", "Usage: flash_erase [options] MTD_DEVICE <start block> <block count>\n  -q, --quiet  x"),
        ("the old one", "Usage: flash_erase MTD-device [start] [cnt (# erase blocks)] [lock]"),
        ("HiSilicon's", "Usage:\n./flash_erase start_position length (device_name)"),
        ("no -q", "Usage: flash_erase [options] MTD_DEVICE <start offset> <block count>\n  -j, --jffs2  x"),
        (
            "a script",
            "flash_eraseall has been replaced\nUsage: flash_erase [options] MTD_DEVICE <start offset> <block count>"
        ),
        ("no device", "Usage: flash_eraseall PARTITION\n  -q, --quiet  x"),
        (
            "no -p",
            "Usage: mtd [<options> ...] <command> [<arguments> ...] <device>\n -q quiet mode\n -f force write without trx checks"
        ),
        (
            "no -f",
            "Usage: mtd [<options> ...] <command> [<arguments> ...] <device>\n -q quiet mode\n -p write beginning at partition offset"
        ),
        ("a list", "Usage: mtd list"), ("nothing", ""), ("not found", "sh: not found"),
        ("another tool", "Usage: nandtest [OPTIONS] <device>"),
    ]

    /// A third of a list of faults for each method, so that each fault is tested with one of them; in a campaign, all
    /// faults with every method.
    private static func share(_ method: Method, _ faults: [Fault]) -> [Fault] {
        let number =
            switch method {
            case .flashErase: 0
            case .blockDevice, .openWrt: 1
            case .flashEraseAll: 2
            }
        return Campaign.share(number, of: 3, faults)
    }

    private static func tools(_ method: Method) -> [Fault] {
        guard let tool = method.tools.first else { return [] }
        var faults = [Fault(name: "no \(tool)", tool: tool, script: nil)]
        let asked = tool == "mtd" ? "[ $# = 0 ]" : "[ \"$1\" = --help ]"
        func add(_ name: String, _ script: String, onFlash: Bool = false, blames: Bool = false) {
            let start = onFlash ? "case \" $* \" in */root/dev/mtd*) ;; *) $REAL \"$@\";exit;; esac\n" : ""
            faults.append(
                Fault(
                    name: "\(tool) \(name)", tool: tool, script: start + script, isOfFlashOnly: onFlash,
                    blamesFlash: blames))
        }
        for (name, usage) in others {
            // With any other arguments, it erases every file that it finds.
            let erases = "for f in \"$@\";do [ -f \"$f\" ]&&: >\"$f\";done;exit 0"
            add("by another usage: \(name)", "if \(asked);then printf '%s\\n' '\(usage)';exit 0;fi;\(erases)")
        }
        add("doing nothing at all", "\(asked)&&{ $REAL \"$@\";exit;};exit 0")
        add("without its options", "\(asked)&&{ $REAL \"$@\";exit;};echo \"\(tool): invalid option -- 'q'\" >&2;exit 1")
        add("printing its usage", "\(asked)&&{ $REAL \"$@\";exit;};echo 'Usage: \(tool) MTD' >&2;exit 1")
        add("printing its usage, and status 0", "\(asked)&&{ $REAL \"$@\";exit;};echo 'Usage: \(tool) MTD' >&2;exit 0")
        add(
            "taking any file for flash",
            "\(asked)&&{ $REAL \"$@\";exit;};for f in \"$@\";do [ -f \"$f\" ]&&printf '\\377\\377' >\"$f\";done;exit 1")
        add("working, and status 1", "$REAL \"$@\";exit 1")
        add("doing nothing to flash", "exit 0", onFlash: true)
        add("printing its usage for flash", "echo 'Usage: \(tool) MTD' >&2;exit 1", onFlash: true)
        add("working on flash, and status 1", "$REAL \"$@\";exit 1", onFlash: true)
        add("working on flash, with words", "$REAL \"$@\";echo 'please use another one' >&2;exit 0", onFlash: true)
        add(
            "failing on flash", "echo 'ioctl failed: Input/output error' >&2;exit 1", onFlash: true, blames: true)
        let half = "for f in \"$@\";do case $f in */root/dev/mtd*) d=$f;; esac;done;"
        add(
            "doing a half on flash",
            half + "cp \"$d\" /tmp/half.$$;$REAL \"$@\";"
                + "dd if=/tmp/half.$$ of=\"$d\" bs=1024 skip=9 seek=9 count=2 conv=notrunc 2>/dev/null;"
                + "dd if=/tmp/half.$$ of=\"$d\" bs=1024 skip=5 seek=5 count=2 conv=notrunc 2>/dev/null;rm /tmp/half.$$",
            onFlash: true)
        return faults
    }

    // MARK: Cells

    /// The erase blocks that differ between two boards.
    private static func differing(_ now: [String: [UInt8]], _ before: [String: [UInt8]]) -> [String] {
        [("dev/mtd0", 4096), ("dev/mtd1", 4096), ("dev/mtd2", 8192)].flatMap { name, size -> [String] in
            guard let one = now[name], let other = before[name], one.count == other.count else { return [name] }
            return stride(from: 0, to: one.count, by: size).filter {
                one[$0..<min(one.count, $0 + size)] != other[$0..<min(one.count, $0 + size)]
            }.map { "\(name) at \($0)" }
        }
    }

    private enum End {
        case restored
        case refused(String)
        case failed(FlashkeepError)
    }

    private static func restore(_ board: FolderBoard, _ bag: FilePath, _ partitions: [String]) async throws -> End {
        let folder = try ScratchFolder()
        do {
            let connector = board.connector(board.pipe)
            let prepared = try await Restore.plan(bag, on: connector, choice: RestoreChoice(only: partitions))
            guard prepared.planning.plan != nil else {
                return .refused(prepared.planning.refusals.map { "\($0.subject): \($0.why); \($0.next)" }.joined())
            }
            _ = try await Restore.run(
                prepared, on: connector, before: folder.path.appending("before"), reconnects: 0,
                environment: .simulated())
            return .restored
        } catch let error as FlashkeepError {
            return .failed(error)
        }
    }

    /// The fault in the result of a case; nil if there is none.
    private static func judge(
        _ end: End, _ fault: Fault, _ method: Method, now: [String: [UInt8]], before: [String: [UInt8]],
        wanted: [String: [UInt8]]
    ) -> String? {
        let changed = differing(now, before)
        switch end {
        case .restored:
            let wrong = method.partitions.filter { now["dev/\($0)"] != wanted["dev/\($0)"] }
            return wrong.isEmpty ? nil : "it claims to be done, and \(wrong) differ"
        case .refused(let words):
            guard changed.isEmpty else { return "it was refused after \(changed) changed" }
            let isNamed = words.contains(fault.tool) || words.contains("NAND needs flash_erase")
            return isNamed && words.contains("initramfs") ? nil : "the refusal does not say why: \(words)"
        case .failed(let error):
            if changed.isEmpty {
                let words = error.description
                return words.contains(fault.tool) || words.contains("command") || words.contains("/tmp")
                    ? nil : "the error does not say why: \(words)"
            }
            guard fault.isOfFlashOnly else { return "\(changed) changed: \(error)" }
            let isWhole = method == .flashEraseAll
            guard isWhole ? changed.allSatisfy({ $0.hasPrefix("dev/mtd2") }) : changed.count == 1 else {
                return "more than one erase block changed: \(changed): \(error)"
            }
            let words = error.description
            guard words.contains("is blank now") || words.contains("is not blank") else {
                return "the error does not say what the block is now: \(error)"
            }
            guard words.contains("printed") || words.contains("reported success") else {
                return "the error does not say what the tool said: \(error)"
            }
            guard words.contains("may be failing") == fault.blamesFlash else {
                return "the error blames the wrong one: \(error)"
            }
            return nil
        }
    }

    @Test("Nothing is erased unless what writes was shown to work", arguments: Method.allCases)
    func matrix(_ method: Method) async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware())
        let bag = FilePath(
            try await Backup.run(
                original.connector(original.pipe),
                options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
                environment: .simulated()
            ).bag)
        let wanted = original.contents
        var ends = [String: Int]()
        let faults =
            [Fault(name: "nothing is wrong", tool: "dd", script: "$REAL \"$@\"")]
            + Self.share(method, Self.dd(method)) + Self.share(method, Self.tools(method))
        for fault in faults {
            var tools = FolderBoard.allTools + method.tools
            if fault.script == nil { tools.removeAll { $0 == fault.tool } }
            let board = try FolderBoard(Self.changed(), tools: tools)
            if let script = fault.script { try board.wrap(fault.tool, in: script) }
            let before = board.contents
            // Blocks that an earlier case left half written must not affect this one.
            try folder.removeAll(but: "bag")
            let end = try await Self.restore(board, bag, method.partitions)
            let wrong = Self.judge(end, fault, method, now: board.contents, before: before, wanted: wanted)
            #expect(wrong == nil, "\(method), \(fault.name): \(wrong ?? "")")
            switch end {
            case .restored: ends["restored", default: 0] += 1
            case .refused: ends["refused", default: 0] += 1
            case .failed: ends["stopped", default: 0] += 1
            }
            if fault.name == "nothing is wrong" {
                guard case .restored = end else {
                    Issue.record("\(method): \(end)")
                    continue
                }
            }
        }
        #expect(ends.count == 3, "\(method): a kind of end is missing: \(ends)")
        print("write tools, \(method): \(faults.count) cells, \(ends.sorted { $0.key < $1.key })")
    }
}
