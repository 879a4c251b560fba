import FlashModel
import Foundation
import SystemPackage
import TestSupport

/// Programs that the board has in place of this computer's.
extension FolderBoard {
    func makePrograms(_ tools: [String], _ source: Tools) throws {
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

    /// How `dd` treats its target on writable boards. A device is never truncated, whatever the arguments of `dd`: the
    /// kernel truncates only plain files (Linux `fs/namei.c`, do_open, and `fs/open.c`, do_sys_ftruncate;
    /// `RestoreLabTests`, ddWithoutConversionsWritesInPlace). A device that is read-only is not opened (Linux
    /// `drivers/mtd/mtdchar.c`, mtdchar_open). The block device erases what it writes (`drivers/mtd/mtdblock.c`,
    /// erase_write); the character device only clears bits, as flash does (`sabrelite-sf-write`).
    private static let writing = #"""
        of=/dev/null) ;;
          of=BOARD/root/dev/*)
            t=${a##*/}; t=${t#mtdblock}; t=${t#mtd}
            read -r flags <BOARD/root/sys/class/mtd/mtd$t/flags
            [ $(($flags & 0x400)) = 0 ] && { echo "dd: can't open '${a#of=}': Permission denied" >&2; exit 1; }
            case $a in */mtdblock*) exec REAL "$@" conv=notrunc;; esac
            exec /usr/bin/perl -e '
              my %a = map { split /=/, $_, 2 } @ARGV;
              my $b = $a{bs} || 512;
              my $in = \*STDIN;
              if (defined $a{if}) { open $in, "<", $a{if} or die "dd: $a{if}: $!\n"; }
              local $/;
              my $bytes = <$in>;
              $bytes = substr $bytes, $b * ($a{skip} || 0);
              $bytes = substr $bytes, 0, $b * $a{count} if defined $a{count};
              open my $out, "+<", $a{of} or die "dd: $a{of}: $!\n";
              seek $out, $b * ($a{seek} || 0), 0;
              read $out, my $old, length $bytes;
              die "dd: $a{of}: No space left on device\n" if length $old < length $bytes;
              seek $out, $b * ($a{seek} || 0), 0;
              print $out $old & $bytes;
              my $n = sprintf "%d+%d records", length($bytes) / $b, length($bytes) % $b ? 1 : 0;
              print STDERR "$n in\n$n out\n";
            ' "$@";;
          of=*) exec REAL "$@";;
        """#

    /// Wraps the real `dd`.
    ///
    /// What the ECC finds moves the counters, and the bytes come as they are, without an error (Linux
    /// `drivers/mtd/mtdchar.c`, mtdchar_read; `BackupLabTests`, correctedAndUncorrectableBlocksAreNamed). Any other
    /// error ends the read (mtdchar_read). A device vanishes with its UBI volume, or by `mtdpart del`
    /// (`proc-mtd-gluebi`, `proc-mtd-number-gap`). The order of these checks within one read is made up.
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
        # One bit, or one step of the ECC, in each page that is read.
        count() {
          read -r v <BOARD/root/sys/class/mtd/$n/$1; read -r p <BOARD/root/sys/class/mtd/$n/writesize
          [ $start -gt $from ] && o=$start || o=$from
          [ $end -lt $to ] && p=$((($end - $o + $p - 1) / $p)) || p=$((($to - $o + $p - 1) / $p))
          echo $(($v + $p)) >BOARD/root/sys/class/mtd/$n/$1
        }
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

    /// Lists the bad blocks, like mtd-utils (`mtdinfo-nand-map`); without `-M` it fails, which is made up.
    private static let mtdinfo = #"""
        #!/bin/sh
        [ "$1" = -M ] || exit 1
        exec REAL BOARD/maps/${2##*/}
        """#

    /// Erases a block, like mtd-utils (`misc-utils/flash_erase.c`; usage, shortened: `flash_erase-2.1.5`). A bad block
    /// is skipped with status 0. The real one counts more blocks than one; no test asks for that.
    private static let flashErase = #"""
        #!/bin/sh
        if [ "$1" = --help ]; then
          echo "Usage: flash_erase [options] MTD_DEVICE <start offset> <block count>"
          echo "  -q, --quiet       do not display progress messages"
          exit 0
        fi
        quiet=
        [ "$1" = -q ] && { quiet=y; shift; }
        [ $# = 3 ] && [ "$3" = 1 ] || {
          [ $# -gt 0 ] || echo "flash_erase: error!: no MTD device specified" >&2
          [ $# -gt 1 ] || echo "flash_erase: error!: no start erase block specified" >&2
          [ $# -gt 2 ] || echo "flash_erase: error!: no erase block count specified" >&2
          echo "Try \`--help' for more information" >&2
          exit 1
        }
        case $1 in BOARD/*) ;; *) echo "flash_erase: error!: mtd_get_dev_info failed" >&2; exit 255;; esac
        n=${1##*/}
        read -r b <BOARD/root/sys/class/mtd/$n/erasesize
        [ -r BOARD/troubles/$n ] && while read -r kind start end; do
          [ $kind = bad ] && [ $start = $2 ] || continue
          [ "$quiet" ] || printf 'flash_erase: Skipping bad block at %08x\n' $2
          exit 0
        done <BOARD/troubles/$n
        /usr/bin/head -c $b /dev/zero | /usr/bin/tr '\000' '\377' | REAL of="$1" bs=$b seek=$(($2 / $b)) conv=notrunc iflag=fullblock 2>/dev/null
        [ "$quiet" ] || printf '\rErasing %d Kibyte @ %x -- 100 %% complete \n' $(($b / 1024)) $2
        """#

    /// Erases all blocks that are not bad, like busybox (`miscutils/flash_eraseall.c`; usage, shortened:
    /// `flash_eraseall-busybox-1.36.1`; `RestoreLabTests`, busyboxAloneErasesWholePartitions).
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

    /// Writes whole erase blocks at an offset, as OpenWrt's `mtd` does (`package/system/mtd/src/mtd.c`, mtd_write;
    /// usage, shortened: `mtd-openwrt`). The real one asks whether the block at the partition's start is bad, not the one
    /// at the offset, and then writes one block further on: where that one is bad, it is an offence to use it.
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
        [ -r BOARD/troubles/$n ] && while read -r kind start end; do
          [ $kind = bad ] && [ $start = 0 ] && echo "mtd wrote to flash whose first block is bad: $*" >>BOARD/offences
        done <BOARD/troubles/$n
        read -r b <BOARD/root/sys/class/mtd/$n/erasesize
        [ $5 = 0 ] || echo "Seeking on mtd device '$8' to: $5" >&2
        /usr/bin/head -c $b /dev/zero | /usr/bin/tr '\000' '\377' | REAL of="$8" bs=$b seek=$(($5 / $b)) conv=notrunc iflag=fullblock 2>/dev/null
        REAL if="$7" of="$8" bs=$b seek=$(($5 / $b)) conv=notrunc 2>/dev/null
        """#

    /// Loads mtd-rw, which sets the flag of each read-only device that marks it writable (`MTD_WRITEABLE`, 0x400), and
    /// is not loaded if there is none (mtd-rw `mtd-rw.c`, set_writeable, mtd_unlocker_init). The message: busybox
    /// `modutils/insmod.c`.
    private static let insmod = #"""
        #!/bin/sh
        [ "$1 $2" = "mtd-rw i_want_a_brick=1" ] || { echo "insmod: can't insert '$1'" >&2; exit 1; }
        found=
        for f in BOARD/root/sys/class/mtd/mtd*/flags; do
          read -r v <"$f"
          [ $(($v & 0x400)) = 0 ] || continue
          found=y; echo $v >"$f.locked"; printf '0x%x\n' $(($v | 0x400)) >"$f"
        done
        [ "$found" ] || { echo "insmod: can't insert '$1': No such device" >&2; exit 1; }
        /bin/mkdir -p BOARD/root/sys/module/mtd_rw
        """#

    /// Unloads it, which restores the flags (mtd-rw `mtd-rw.c`, mtd_unlocker_exit).
    private static let rmmod = #"""
        #!/bin/sh
        [ "$1" = mtd-rw ] && /bin/rmdir BOARD/root/sys/module/mtd_rw || exit 1
        for f in BOARD/root/sys/class/mtd/mtd*/flags; do
          [ ! -e "$f.locked" ] || /bin/mv "$f.locked" "$f"
        done
        """#

    /// Outputs pages with OOB, like mtd-utils (`nanddump-help-mtd-utils`; `BackupLabTests`, pagesAreKeptWithTheirOOB).
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

    static func find(_ name: String) -> String? {
        ["/bin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func find(_ tool: String, _ source: Tools) throws -> String {
        // An applet is selected by the name of the link that runs it; scripts call the plain tool.
        let place = source == .busybox && tool != "cat" && tool != "dd" ? find("busybox") : find(tool)
        guard let place else { throw Refusal.error("this computer has no \(tool)") }
        return place
    }
}
