/// A shell script that restores one partition without Flashkeep. For POSIX shells including small ones of busybox;
/// needs only `dd`, `tr`, `wc`, `cat`, `rm`, a checksum tool, and the tool that writes.
///
/// It follows the rules of the writer: it writes each erase block at its own offset, skips bad blocks, and trusts only
/// what it reads back. Steps that only NAND needs do no harm on NOR.
struct LinuxRestoreScript: Sendable {
    /// The part that is specific to a write method.
    struct Part: Sendable {
        /// The additional tool that it needs; nil for none.
        var tool: String?
        /// The end of the script's name, after `put-back-`.
        var word: String
        var node: LinuxWriteNode
        /// Operands of `dd` that are tried on a regular file, the best first; the last is empty.
        var conversions: [String]
        /// Lines that define the functions `erase` and `write`, whose argument is the number of an erase block. `erase`
        /// fails if the block is not blank afterwards.
        var functions: [String]
    }

    let part: Part
    /// How to call each tool whose command is not just its name.
    let aliases: [String: String]
    /// The checksum tool.
    let checksum: String

    /// - Parameter toolbox: the tools of the system that will run the script; nil if unknown.
    init(_ part: Part, _ toolbox: LinuxToolbox?) {
        self.part = part
        checksum =
            toolbox.flatMap { toolbox in
                ["sha256sum", "sha1sum", "md5sum", "cksum"].first { toolbox.has($0) }
            } ?? "sha256sum"
        let tools = ["dd", "tr", "mtdinfo", checksum] + [part.tool].compactMap { $0 }
        aliases = Dictionary(
            uniqueKeysWithValues: tools.compactMap { tool in
                toolbox.map { $0.invocation(tool) }.flatMap { $0 == tool ? nil : (tool, $0) }
            })
    }

    var name: String { "put-back-\(part.word).sh" }

    var lines: [String] { head + beforeWriting + reading + part.functions + loop }

    private var device: (name: String, test: String, letter: String, major: Int, minor: String) {
        switch part.node {
        case .character: ("mtd", "-c", "c", 90, "$((NUMBER * 2))")
        case .block: ("mtdblock", "-b", "b", 31, "$NUMBER")
        }
    }

    private var head: [String] {
        [
            "# Writes FILE to the MTD device NUMBER. Each erase block goes to the offset that it has in FILE.",
            "# Bad blocks, and blocks that already hold the right bytes, are left alone. All writes are read back.",
            "# It can be run again at any time, and does only what is left to do.",
            "# usage: sh \(name) NUMBER SIZE BLOCK PAGE FILE [BAD ...]",
            "# To try it on plain files: ROOT=FOLDER sh \(name) ..., with dev/mtdNUMBER and proc/mtd in FOLDER.",
            "set -u",
            "LC_ALL=C",
            "export LC_ALL",
            "stop() {",
            "  echo \"STOP: $*\" >&2",
            "  exit 1",
            "}",
            "[ $# -ge 5 ] || stop \"usage: sh \(name) NUMBER SIZE BLOCK PAGE FILE [BAD ...]\"",
            "NUMBER=$1 SIZE=$2 BLOCK=$3 PAGE=$4 FILE=$5",
            "shift 5",
            "BAD=",
            "[ $# -eq 0 ] || BAD=\" $* \"",
            "ROOT=${ROOT-}",
            "DEVICE=$ROOT/dev/\(device.name)$NUMBER",
            "READ=$ROOT/dev/mtd${NUMBER}ro",
            "[ -e \"$READ\" ] || READ=$ROOT/dev/mtd$NUMBER",
            "COUNT=$((SIZE / BLOCK))",
            "WRITTEN=0",
            "K=0",
        ] + aliases.sorted { $0.key < $1.key }.map { "\($0.key)() { \($0.value) \"$@\"; }" }
    }

    /// All checks that are possible before anything is erased.
    private var beforeWriting: [String] {
        let tools = ["dd", "tr", "wc", "cat", "rm", checksum] + [part.tool].compactMap { $0 }
        return [
            "for TOOL in \(tools.joined(separator: " ")); do",
            "  type \"$TOOL\" >/dev/null 2>&1 || stop \"this system has no $TOOL\"",
            "done",
            "FOUND=",
            "while read -r NAME BYTES ERASE REST; do",
            "  [ \"$NAME\" = \"mtd$NUMBER:\" ] || continue",
            "  [ $((0x$BYTES)) -eq \"$SIZE\" ] && [ $((0x$ERASE)) -eq \"$BLOCK\" ] && FOUND=$REST",
            "done <\"$ROOT/proc/mtd\"",
            "[ -n \"$FOUND\" ] || stop \"/proc/mtd has no mtd$NUMBER of $SIZE bytes in erase blocks of $BLOCK bytes\"",
            "[ \(device.test) \"$DEVICE\" ] || [ -n \"$ROOT\" ] ||",
            "  stop \"no device $DEVICE: make it with mknod $DEVICE \(device.letter) \(device.major) \(device.minor)\"",
            "[ -e \"$READ\" ] || stop \"no device $READ: make it with mknod $READ c 90 $((NUMBER * 2))\"",
            "if [ -r \"$ROOT/proc/mounts\" ]; then",
            "  while read -r NAME REST; do",
            "    case $NAME in",
            "    \"/dev/mtdblock$NUMBER\" | \"mtd$NUMBER\") stop \"$NAME is mounted\" ;;",
            "    esac",
            "  done <\"$ROOT/proc/mounts\"",
            "fi",
            "for NAME in \"$ROOT\"/sys/class/ubi/ubi*/mtd_num; do",
            "  [ -r \"$NAME\" ] && read -r REST <\"$NAME\" && [ \"$REST\" = \"$NUMBER\" ] &&",
            "    stop \"mtd$NUMBER is attached to UBI: detach it first (ubidetach -m $NUMBER)\"",
            "done",
            "set -f",
            "[ -r \"$FILE\" ] && [ \"$(wc -c <\"$FILE\")\" -eq \"$SIZE\" ] || stop \"$FILE does not have $SIZE bytes\"",
        ]
    }

    private var reading: [String] {
        [
            "part() { dd if=\"$1\" bs=\"$2\" skip=\"$3\" count=1 2>/dev/null; }",
            "blank() { [ \"$(part \"$1\" \"$2\" \"$3\" | tr -d '\\377' | wc -c)\" -eq 0 ]; }",
            "copy() { dd if=\"$1\" of=\"$2\" bs=\"$3\" skip=\"$4\" seek=\"$4\" count=1 ${CONV:+\"$CONV\"} 2>/dev/null; }",
            "NOTHING=$(\(checksum) </dev/null)",
            "# The kernel counts what the ECC of NAND could not repair; a damaged read still reports success.",
            "failures() { cat \"$ROOT/sys/class/mtd/mtd$NUMBER/ecc_failures\" 2>/dev/null; }",
            "# Whether block $1 of the device holds what the file has.",
            "same() {",
            "  BEFORE=$(failures)",
            "  WANTED=$(part \"$FILE\" \"$BLOCK\" \"$1\" | \(checksum))",
            "  [ \"$WANTED\" != \"$NOTHING\" ] &&",
            "    [ \"$(part \"$READ\" \"$BLOCK\" \"$1\" | \(checksum))\" = \"$WANTED\" ] &&",
            "    [ \"$(failures)\" = \"$BEFORE\" ]",
            "}",
            "is_bad() {",
            "  case $BAD in *\" $1 \"*) return 0 ;; esac",
            "  return 1",
            "}",
            "# Block $1 is bad now, but was good when saved: it can be left out only if the file is blank there.",
            "turned_bad() {",
            "  blank \"$FILE\" \"$BLOCK\" \"$1\" ||",
            "    stop \"block $1 is bad now, and the file has data for it: it cannot go back to this place as it is\"",
            "  BAD=\"${BAD:- }$1 \"",
            "}",
            "MAP=",
            "for NAME in $(mtdinfo -M \"$ROOT/dev/mtd$NUMBER\" 2>/dev/null); do",
            "  case $MAP$NAME in",
            "  map:) MAP=y ;;",
            "  y*:) REST=${NAME%:} ;;",
            "  yBAD) is_bad \"$REST\" || turned_bad \"$REST\" ;;",
            "  esac",
            "done",
            "# The dd that will write is tried on a plain file: some have no conv=, and print their usage instead.",
            "TRY=${TMPDIR:-/tmp}/put-back.$$",
            "trap 'rm -f \"$TRY\"' EXIT",
            "WORKS=",
            "for CONV in \(part.conversions.map { $0.isEmpty ? "''" : $0 }.joined(separator: " ")); do",
            "  : >\"$TRY\"",
            "  copy \"$FILE\" \"$TRY\" \"$PAGE\" 0",
            "  copy \"$FILE\" \"$TRY\" \"$PAGE\" 1",
            "  WANTED=$(part \"$FILE\" $((PAGE * 2)) 0 | \(checksum))",
            "  [ \"$(part \"$TRY\" $((PAGE * 2)) 0 | \(checksum))\" = \"$WANTED\" ] && WORKS=y && break",
            "done",
            "[ -n \"$WORKS\" ] || stop \"the dd of this system does not copy a part of a file to its place\"",
        ]
    }

    private var loop: [String] {
        [
            "put() { erase \"$1\" && write \"$1\" && same \"$1\"; }",
            "block() {",
            "  is_bad \"$1\" && return",
            "  same \"$1\" && return",
            "  WRITTEN=$((WRITTEN + 1))",
            "  echo \"writing block $1\"",
            "  put \"$1\" && return",
            "  is_bad \"$1\" && return",
            "  put \"$1\" && return",
            "  stop \"block $1 does not keep what is written to it: it is failing, or locked (flash_unlock)\"",
            "}",
            "while [ \"$K\" -lt \"$COUNT\" ]; do",
            "  block \"$K\"",
            "  K=$((K + 1))",
            "done",
            "echo \"DONE: mtd$NUMBER holds what $FILE has. Written: $WRITTEN of $COUNT blocks. Bad and left out:${BAD:- none}\"",
        ]
    }

    /// Writes the pages of a block that are not blank. For a page of 0xFF, many controllers store ECC bytes other than
    /// 0xFF, and UBI could no longer write to it.
    static let pages = [
        "# Blank pages stay unwritten: with the ECC of many controllers, a written one is no longer blank.",
        "write() {",
        "  P=$(($1 * BLOCK / PAGE))",
        "  END=$((P + BLOCK / PAGE))",
        "  while [ \"$P\" -lt \"$END\" ]; do",
        "    blank \"$FILE\" \"$PAGE\" \"$P\" || copy \"$FILE\" \"$DEVICE\" \"$PAGE\" \"$P\" || return 1",
        "    P=$((P + 1))",
        "  done",
        "}",
    ]
}

extension FlashEraseMethod {
    var script: LinuxRestoreScript.Part {
        LinuxRestoreScript.Part(
            tool: "flash_erase", word: "flash_erase", node: node, conversions: ["conv=notrunc", ""],
            functions: [
                "# Three programs have this name, and one of them counts in blocks.",
                "case $(flash_erase --help 2>&1) in",
                "*\"start offset\"*) ;;",
                "*) stop \"this flash_erase is not that of mtd-utils 1.4.3 or later, which counts in bytes\" ;;",
                "esac",
                "# It reports success whatever happens, so check the flash.",
                "erase() {",
                "  case $(flash_erase \"$DEVICE\" $(($1 * BLOCK)) 1 2>&1) in",
                "  *\"bad block\"*)",
                "    turned_bad \"$1\"",
                "    return 1",
                "    ;;",
                "  esac",
                "  blank \"$READ\" \"$BLOCK\" \"$1\"",
                "}",
            ] + LinuxRestoreScript.pages)
    }
}

extension FlashEraseAllMethod {
    var script: LinuxRestoreScript.Part {
        LinuxRestoreScript.Part(
            tool: "flash_eraseall", word: "flash_eraseall", node: node, conversions: ["conv=notrunc", ""],
            functions: [
                "# It erases the whole partition or nothing: so erase once, then write every block, from the first on.",
                "ERASED=",
                "erase() {",
                "  if [ -z \"$ERASED\" ]; then",
                "    ERASED=y",
                "    flash_eraseall -q \"$DEVICE\" >/dev/null 2>&1",
                "    K=-1",
                "  fi",
                "  blank \"$READ\" \"$BLOCK\" \"$1\"",
                "}",
            ] + LinuxRestoreScript.pages)
    }
}

extension MTDBlockMethod {
    var script: LinuxRestoreScript.Part {
        LinuxRestoreScript.Part(
            tool: "sync", word: "mtdblock", node: node, conversions: ["conv=notrunc,fsync", ""],
            functions: [
                "# The block device erases by itself. It is for NOR only: it knows nothing of bad blocks.",
                "erase() { :; }",
                "write() { copy \"$FILE\" \"$DEVICE\" \"$BLOCK\" \"$1\" && sync; }",
            ])
    }
}

extension OpenWrtMTDMethod {
    var script: LinuxRestoreScript.Part {
        LinuxRestoreScript.Part(
            tool: "mtd", word: "mtd", node: node, conversions: ["conv=notrunc", ""],
            functions: [
                "# OpenWrt's mtd erases each block that it writes.",
                "erase() { :; }",
                "write() {",
                "  part \"$FILE\" \"$BLOCK\" \"$1\" >\"$TRY\" &&",
                "    mtd -q -q -f -p $(($1 * BLOCK)) write \"$TRY\" \"$DEVICE\"",
                "}",
            ])
    }
}
