package import BoardAccess
package import BoardChannels
package import FlashAccess
import FlashModel
import Foundation
package import LinuxFlash
import Synchronization
import SystemPackage
import TestSupport

/// A simulated board as a folder that looks like the root of one, read through real shells with real tools.
///
/// The shells have a `PATH` of their own with only the tools that this board has. Its `dd` is a script that moves the
/// ECC counters, stops early at unreadable bytes, and records what a reader must never do.
package final class FolderBoard: Sendable {
    /// The origin of a board's tools.
    package enum Tools: String, Sendable, CaseIterable {
        case busybox
        case coreutils
    }

    /// Tools that every board has.
    package static let leastTools = ["dd", "cat", "mkdir", "rm"]
    /// All tools of a well-equipped board.
    package static let allTools =
        leastTools + [
            "gzip", "base64", "uuencode", "xxd", "hexdump", "od", "sha256sum", "sha1sum", "md5sum", "cksum", "stty",
            "head", "tail", "tr", "grep", "readlink", "mtdinfo",
        ]

    package let hardware: SimulatedHardware
    private let scratch: ScratchFolder
    /// The shell's program and arguments, without the environment that they run in.
    private let shell: [String]

    /// The folder that looks like a board's root; its name contains a quote and a blank.
    package var root: String { scratch.path.appending("root").string }
    private var bin: String { scratch.path.appending("bin").string }

    /// - Parameters:
    ///   - shell: `sh` of the board: `dash`, `bash`, `busybox sh`. The one of busybox finds its applets without a
    ///     `PATH`: it has all tools, and none of them fails.
    ///   - tools: names of the tools that the board has.
    package init(
        _ hardware: SimulatedHardware, shell: String = "dash", tools: [String] = allTools,
        from source: Tools = .coreutils
    ) throws {
        self.hardware = hardware
        self.shell = shell.split(separator: " ").map(String.init)
        scratch = try ScratchFolder("it's a board")
        try makeTools(tools, source)
        try makeTree()
        try makeTroubles()
        let dd = hardware.isWritable ? Self.dd.replacing("of=/dev/null) ;;", with: Self.writing) : Self.dd
        for (name, script) in [
            ("dd", dd), ("mtdinfo", Self.mtdinfo), ("nanddump", Self.nanddump), ("flash_erase", Self.flashErase),
            ("flash_eraseall", Self.flashEraseAll), ("mtd", Self.openWrtMTD), ("insmod", Self.insmod),
            ("rmmod", Self.rmmod),
        ]
        where (tools + ["nanddump"]).contains(name) && (name != "nanddump" || hardware.readsOOB) {
            let real = try Self.find(name == "mtdinfo" ? "cat" : "dd", source)
            try scratch.write(
                script.replacing("BOARD", with: ShellWord.quoted(scratch.path.string)).replacing("REAL", with: real),
                "bin/\(name)")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(bin)/\(name)")
        }
    }

    /// Shells of this computer that boards also have.
    package static let shells = ["dash", "bash", "busybox sh"].filter { shell in
        find(String(shell.prefix { $0 != " " })) != nil
    }

    // MARK: Access

    /// A pipe to the shell, like SSH without a terminal.
    package var pipe: any ChannelOpening { LocalOpener(shell: command) }

    /// A terminal with the shell behind it, like a serial console.
    package func terminal(isSlow: Bool = true, expandsTabs: Bool = false) -> any ChannelOpening {
        TerminalOpener(command: command, isSlow: isSlow, expandsTabs: expandsTabs)
    }

    private var command: [String] {
        let program = Self.find(shell[0]) ?? shell[0]
        // In its own folder: a command damaged by a bad line may create files.
        let start = ["/usr/bin/env", "-i", "--chdir=\(scratch.path.string)", "PATH=\(bin)", "HOME=/", "PS1=board # "]
        return start + [program] + shell.dropFirst()
    }

    package func connector(
        _ opener: any ChannelOpening, timing: ShellTiming = .quick, environment: OperationEnvironment? = nil
    ) -> LinuxConnector {
        LinuxConnector(
            opener: opener, credentials: Credentials(), environment: environment ?? .simulated(seed: Self.seed()),
            root: root, timing: timing)
    }

    private static let connectors = Mutex<UInt64>(0)

    /// Unique for each board of each process: all share the folder for temporary files, in which a session creates its
    /// own.
    private static func seed() -> UInt64 {
        connectors.withLock { number in
            number += 1
            return UInt64(UInt32(bitPattern: ProcessInfo.processInfo.processIdentifier)) << 32 | number
        }
    }

    /// Runs a script in the board's shell, with the board's tools, and no other variables than these besides `PATH`.
    ///
    /// - Returns: what it printed on both outputs.
    package func run(
        _ script: [String], variables: [String: String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        let command = command
        process.executableURL = URL(fileURLWithPath: command[0])
        let words = variables.map { "\($0.key)=\($0.value)" }
        // `env -i --chdir=FOLDER`, then variables, the shell and its arguments.
        process.arguments = command[1...2] + words + command.dropFirst(3) + script
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    // MARK: What happened

    /// Forbidden actions of a reader: writes, or reads of a bad block. One per line.
    package var offences: [String] {
        String(decoding: ScratchFolder.read(scratch.path.appending("offences")), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// All files of the board except counters and locks, which a read changes.
    package var contents: [String: [UInt8]] {
        scratch.snapshot("root").filter { !$0.key.hasSuffix("corrected_bits") && !$0.key.hasSuffix("ecc_failures") }
    }

    /// Writes a file of the board.
    package func write(_ text: String, _ path: String) throws { try scratch.write(text, "root/\(path)") }

    package func write(_ bytes: [UInt8], _ path: String) throws { try scratch.write(bytes, "root/\(path)") }

    /// Replaces a tool by a shell script.
    package func replace(_ tool: String, with script: String) throws {
        try? FileManager.default.removeItem(atPath: "\(bin)/\(tool)")
        try scratch.write("#!/bin/sh\nPATH=/bin:/usr/bin\n\(script)\n", "bin/\(tool)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(bin)/\(tool)")
    }

    /// Replaces a tool by a shell script, in which `$REAL` runs the original tool.
    package func wrap(_ tool: String, in script: String) throws {
        let real = scratch.path.appending("real").string
        try FileManager.default.createDirectory(atPath: real, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(bin)/\(tool)", toPath: "\(real)/\(tool)")
        let path = ShellWord.quoted("\(real)/\(tool)")
        try replace(tool, with: "REAL=fkreal\nfkreal() { \(path) \"$@\"; }\n\(script)")
    }

    /// Removes a tool.
    package func removeTool(_ tool: String) throws { try FileManager.default.removeItem(atPath: "\(bin)/\(tool)") }

    /// Removes a file of the board.
    package func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: "\(root)/\(path)")
    }

    // MARK: Setup

    private func makeTools(_ tools: [String], _ source: Tools) throws {
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try scratch.link("bin/sh", to: Self.find(shell[0]) ?? shell[0])
        for tool in tools
        where !["dd", "mtdinfo", "flash_erase", "flash_eraseall", "mtd", "insmod", "rmmod"].contains(tool) {
            if let place = try? Self.find(tool, source) { try scratch.link("bin/\(tool)", to: place) }
        }
    }

    private func makeTree() throws {
        var table = "dev:    size   erasesize  name\n"
        for device in hardware.devices {
            let partition = device.partition
            guard let flash = hardware.chips[partition.chip] else { continue }
            let hex = { (value: Int) in
                String(repeating: "0", count: 8).dropLast(String(value, radix: 16).count) + String(value, radix: 16)
            }
            table +=
                "mtd\(partition.index): \(hex(partition.size)) \(hex(partition.eraseBlockSize)) \"\(partition.name)\"\n"
            let bytes = Array(flash.bytes[device.start..<device.start + partition.size])
            // The kernel has both; readers use the first, which cannot be written.
            try scratch.write(bytes, "root/dev/mtd\(partition.index)")
            if hardware.isWritable {
                for name in ["mtd\(partition.index)ro", "mtdblock\(partition.index)"] {
                    try scratch.link("root/dev/\(name)", to: "mtd\(partition.index)")
                }
            } else {
                try scratch.write(bytes, "root/dev/mtd\(partition.index)ro")
            }
            var folder = "sys/devices/platform/\(partition.chip)/mtd"
            var offset = device.start
            if let parent = partition.parent, let outer = hardware.device(parent) {
                folder += "/mtd\(parent)"
                offset -= outer.start
            }
            let knowledge = partition.badBlocks
            let attributes = [
                "name": partition.name, "type": partition.type, "size": "\(partition.size)",
                "erasesize": "\(partition.eraseBlockSize)", "writesize": "\(partition.pageSize)",
                "oobsize": "\(partition.oobSize)", "flags": partition.isWritable == false ? "0x0" : "0x400",
                "numeraseregions": "0",
                "dev": "90:\(2 * partition.index)", "offset": "\(offset)", "corrected_bits": "3", "ecc_failures": "1",
                "bad_blocks": "\(knowledge?.bad.count ?? 0)", "bbt_blocks": "0",
            ]
            for (name, value) in attributes {
                try scratch.write(value + "\n", "root/\(folder)/mtd\(partition.index)/\(name)")
            }
            try scratch.link(
                "root/sys/class/mtd/mtd\(partition.index)", to: "\(root)/\(folder)/mtd\(partition.index)")
            if partition.type == "nand" { try makeMap(of: partition) }
            if partition.oobSize > 0 { try makePages(of: device, flash) }
        }
        try scratch.write(table, "root/proc/mtd")
        try scratch.write("Linux version 5.15.0 (made up)\n", "root/proc/version")
        try scratch.write("\(hardware.identity.hostname ?? "made-up")\n", "root/proc/sys/kernel/hostname")
        try scratch.write("\(hardware.identity.model ?? "Made up")\0", "root/proc/device-tree/model")
        for (number, address) in hardware.identity.macAddresses.enumerated() {
            try scratch.write("\(address)\n", "root/sys/class/net/eth\(number)/address")
        }
    }

    /// The output of `mtdinfo -M` for a device.
    private func makeMap(of partition: Partition) throws {
        let count = partition.size / max(1, partition.eraseBlockSize)
        var text = "mtd\(partition.index)\nType:    nand\nAmount of eraseblocks:  \(count) (\(partition.size) bytes)\n"
        text += "Minimum input/output unit size: \(partition.pageSize) bytes\nOOB size: \(partition.oobSize) bytes\n"
        text += "Device is writable: true\nEraseblock map:\n"
        for block in 0..<count {
            let isBad = partition.badBlocks?.bad.contains(block) == true
            text += " \(block): \(String(block * partition.eraseBlockSize, radix: 16))    \(isBad ? "BAD" : "")\n"
        }
        try scratch.write(text, "maps/mtd\(partition.index)")
    }

    /// Pages with their OOB bytes, as output by `nanddump --oob`.
    private func makePages(of device: SimulatedHardware.Device, _ flash: SimulatedHardware.Flash) throws {
        let page = device.partition.pageSize
        var bytes: [UInt8] = []
        for start in stride(from: device.start, to: device.start + device.partition.size, by: page) {
            bytes += flash.bytes[start..<start + page] + hardware.oob(start / page, of: flash.chip)
        }
        try scratch.write(bytes, "pages/mtd\(device.partition.index)")
        try scratch.write("\(page) \(page + device.partition.oobSize)\n", "pages/mtd\(device.partition.index).sizes")
    }

    /// For each device, lines `KIND START END` that the scripts follow.
    private func makeTroubles() throws {
        var isVanishing = false
        for device in hardware.devices {
            let partition = device.partition
            guard let flash = hardware.chips[partition.chip] else { continue }
            var lines: [(kind: String, range: Range<Int>)] = []
            func add(_ kind: String, _ blocks: Set<Int>) {
                let size = flash.chip.eraseBlockSize
                lines += blocks.sorted().map { (kind, $0 * size..<($0 + 1) * size) }
            }
            add("corrected", flash.corrected)
            add("failed", flash.failed)
            add("bad", flash.badBlocks)
            lines += flash.unreadable.map { ("unread", $0) }
            if let block = hardware.vanishing[partition.index] {
                let start = device.start + block * partition.eraseBlockSize
                lines.append(("vanish", start..<start + 1))
                isVanishing = true
            }
            let whole = device.start..<device.start + partition.size
            let text = lines.filter { $0.range.overlaps(whole) }.map {
                "\($0.kind) \($0.range.lowerBound - device.start) \($0.range.upperBound - device.start)\n"
            }
            if !text.isEmpty { try scratch.write(text.joined(), "troubles/mtd\(partition.index)") }
        }
        guard isVanishing else { return }
        let table = String(decoding: ScratchFolder.read(FilePath("\(root)/proc/mtd")), as: UTF8.self)
        let rest = table.split(separator: "\n").filter { line in
            !hardware.vanishing.keys.contains { line.hasPrefix("mtd\($0):") }
        }
        try scratch.write(rest.joined(separator: "\n") + "\n", "table-without")
    }

    // MARK: Programs

    /// How `dd` treats its target on writable boards. A device is never truncated, whatever the arguments of `dd`: the
    /// kernel truncates only plain files (Linux `fs/open.c`).
    private static let writing =
        #"of=/dev/null) ;; of=BOARD/root/dev/*) exec REAL "$@" conv=notrunc;; of=*) exec REAL "$@";;"#

    /// Wraps the real `dd`.
    private static let dd = #"""
        #!/bin/sh
        f= b=512 s=0 c=
        for a in "$@"; do
          case $a in
          if=*) f=${a#if=};; bs=*) b=${a#bs=};; skip=*) s=${a#skip=};; count=*) c=${a#count=};;
          of=/dev/null) ;;
          of=*) echo "dd $*" >>BOARD/offences; exit 1;;
          esac
        done
        n=${f##*/}; n=${n%ro}
        t=BOARD/troubles/$n
        case $b$s$c in *[!0-9]*|'') exec REAL "$@";; esac
        [ -n "$c" ] && [ -r "$t" ] && [ ${#b} -lt 10 ] && [ ${#s} -lt 10 ] && [ ${#c} -lt 8 ] || exec REAL "$@"
        from=$(($s * $b)) to=$((($s + $c) * $b)) most=$c
        count() { read -r v <BOARD/root/sys/class/mtd/$n/$1; echo $(($v + 1)) >BOARD/root/sys/class/mtd/$n/$1; }
        while read -r kind start end; do
          [ $start -lt $to ] && [ $end -gt $from ] || continue
          case $kind in
          corrected) count corrected_bits;;
          failed) count ecc_failures;;
          bad) echo "a bad block was read: dd $*" >>BOARD/offences;;
          unread) k=0; [ $start -gt $from ] && k=$((($start - $from) / $b)); [ $k -lt $most ] && most=$k;;
          vanish) /bin/cat BOARD/table-without >BOARD/root/proc/mtd; /bin/rm -f BOARD/root/dev/$n BOARD/root/dev/${n}ro; exit 1;;
          esac
        done <"$t"
        [ $most = $c ] && exec REAL "$@"
        [ $most -gt 0 ] && REAL if="$f" bs=$b skip=$s count=$most 2>/dev/null
        exit 1
        """#

    /// Lists the bad blocks, like mtd-utils.
    private static let mtdinfo = #"""
        #!/bin/sh
        [ "$1" = -M ] || exit 1
        exec REAL BOARD/maps/${2##*/}
        """#

    /// Erases a block, like mtd-utils.
    private static let flashErase = #"""
        #!/bin/sh
        if [ "$1" = --help ]; then
          echo "Usage: flash_erase [options] MTD_DEVICE <start offset> <block count>"
          echo "  -q, --quiet       do not display progress messages"
          exit 0
        fi
        quiet=
        [ "$1" = -q ] && { quiet=y; shift; }
        [ $# = 3 ] && [ "$3" = 1 ] || { echo "flash_erase: error!: no MTD device specified" >&2; exit 255; }
        case $1 in BOARD/*) ;; *) echo "flash_erase: error!: mtd_get_dev_info failed" >&2; exit 255;; esac
        n=${1##*/}
        read -r b <BOARD/root/sys/class/mtd/$n/erasesize
        [ -r BOARD/troubles/$n ] && while read -r kind start end; do
          [ $kind = bad ] && [ $start = $2 ] || continue
          [ "$quiet" ] || echo "Skipping bad block at $2"
          exit 0
        done <BOARD/troubles/$n
        /usr/bin/head -c $b /dev/zero | /usr/bin/tr '\000' '\377' | REAL of="$1" bs=$b seek=$(($2 / $b)) conv=notrunc iflag=fullblock 2>/dev/null
        [ "$quiet" ] || printf '\rErasing %d Kibyte @ %x -- 100 %% complete \n' $(($b / 1024)) $2
        """#

    /// Erases all blocks that are not bad, like busybox.
    private static let flashEraseAll = #"""
        #!/bin/sh
        [ "$1" = -q ] && [ $# = 2 ] || {
          echo "Usage: flash_eraseall [-jNq] MTD_DEVICE" >&2
          echo "	-q	Don't display progress messages" >&2
          exit 1
        }
        case $2 in BOARD/*) ;; *) echo "flash_eraseall: $2: not a char device" >&2; exit 1;; esac
        n=${2##*/}
        read -r b <BOARD/root/sys/class/mtd/$n/erasesize
        read -r s <BOARD/root/sys/class/mtd/$n/size
        k=0
        while [ $k -lt $(($s / $b)) ]; do
          bad=
          [ -r BOARD/troubles/$n ] && while read -r kind start end; do
            [ $kind = bad ] && [ $start = $(($k * $b)) ] && bad=y
          done <BOARD/troubles/$n
          [ "$bad" ] || /usr/bin/head -c $b /dev/zero | /usr/bin/tr '\000' '\377' | REAL of="$2" bs=$b seek=$k conv=notrunc iflag=fullblock 2>/dev/null
          k=$(($k + 1))
        done
        exit 0
        """#

    /// Writes whole erase blocks at an offset, as OpenWrt's `mtd` does (`package/system/mtd/src/mtd.c`).
    private static let openWrtMTD = #"""
        #!/bin/sh
        if [ $# = 0 ]; then
          echo "Usage: mtd [<options> ...] <command> [<arguments> ...] <device>[:<device>...]" >&2
          echo "        -q                      quiet mode (once: no [w] on writing," >&2
          echo "        -f                      force write without trx checks" >&2
          echo "        -p <number>             write beginning at partition offset" >&2
          exit 1
        fi
        [ "$1 $2 $3 $4 $6" = "-q -q -f -p write" ] && [ $# = 8 ] || { echo usage >&2; exit 1; }
        case $8 in BOARD/*) ;; *) echo "Could not get MTD device info from $8" >&2; exit 1;; esac
        n=${8##*/}
        read -r b <BOARD/root/sys/class/mtd/$n/erasesize
        echo "Seeking on mtd device '$8' to: $5" >&2
        /usr/bin/head -c $b /dev/zero | /usr/bin/tr '\000' '\377' | REAL of="$8" bs=$b seek=$(($5 / $b)) conv=notrunc iflag=fullblock 2>/dev/null
        REAL if="$7" of="$8" bs=$b seek=$(($5 / $b)) conv=notrunc 2>/dev/null
        """#

    /// Loads mtd-rw, which sets the flag of each device that marks it writable (`MTD_WRITEABLE`, 0x400).
    private static let insmod = #"""
        #!/bin/sh
        [ "$1 $2" = "mtd-rw i_want_a_brick=1" ] || { echo "insmod: can't insert '$1'" >&2; exit 1; }
        /bin/mkdir -p BOARD/root/sys/module/mtd_rw
        for f in BOARD/root/sys/class/mtd/mtd*/flags; do
          read -r v <"$f"; echo $v >"$f.locked"; echo 0x400 >"$f"
        done
        """#

    private static let rmmod = #"""
        #!/bin/sh
        [ "$1" = mtd-rw ] && /bin/rmdir BOARD/root/sys/module/mtd_rw || exit 1
        for f in BOARD/root/sys/class/mtd/mtd*/flags; do /bin/mv "$f.locked" "$f"; done
        """#

    /// Outputs pages with OOB, like mtd-utils.
    private static let nanddump = #"""
        #!/bin/sh
        s=0 l=0 f=
        while [ $# -gt 0 ]; do
          case $1 in -s) s=$2; shift;; -l) l=$2; shift;; -*) ;; *) f=$1;; esac
          shift
        done
        n=${f##*/}
        [ -r BOARD/pages/$n.sizes ] || { echo usage >&2; exit 1; }
        read -r page unit <BOARD/pages/$n.sizes
        exec REAL if=BOARD/pages/$n bs=$unit skip=$(($s / $page)) count=$(($l / $page)) 2>/dev/null
        """#

    private static func find(_ name: String) -> String? {
        ["/bin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func find(_ tool: String, _ source: Tools) throws -> String {
        // An applet is selected by the name of the link that runs it; scripts call the plain tool.
        let place = source == .busybox && tool != "cat" && tool != "dd" ? find("busybox") : find(tool)
        guard let place else { throw Refusal.error("this computer has no \(tool)") }
        return place
    }
}

extension ShellTiming {
    /// For shells on this computer, which answer immediately unless something was lost.
    package static var quick: ShellTiming {
        var timing = ShellTiming()
        timing.silence = .seconds(5)
        timing.arrival = .seconds(20)
        timing.quiet = .milliseconds(60)
        timing.probe = .seconds(2)
        return timing
    }
}
