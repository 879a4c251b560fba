import FlashModel

/// The probes of a survey of a Linux board, in order.
///
/// A small board may lack any tool, so each probe uses shell built-ins where it can (`read`, `case`, `[`, `cd -P`,
/// `pwd -P`), and returns less if a tool is missing. Each runs in a subshell, so that variables, functions and the
/// working directory of the shell stay unchanged, with standard input from `/dev/null`, so that a shell that reads its
/// commands from a pipe does not lose the next one.
package enum LinuxProbes {
    /// All probes, in order.
    ///
    /// - Parameter root: a prefix for all absolute paths: empty on a real board, a folder in tests. It is quoted.
    package static func all(root: String = "") -> [LinuxProbe] {
        probes.map { name, script in
            LinuxProbe(name: name, command: "(R=\(ShellWord.quoted(root)); \(script)) </dev/null 2>/dev/null")
        }
    }

    /// The probes without which a backup would not know what exists. The information of all others may stay unknown.
    static let indispensable: Set = [
        "user-id.txt", "proc-mtd.txt", "sysfs-mtd.txt", blockMaps, "mounts.txt", "sysfs-ubi.txt", "boot-id.txt",
    ]

    /// The probes that show whether the partitions, and the boot that created them, are still those of the survey.
    static let ofState: Set = ["proc-mtd.txt", "sysfs-mtd.txt", "boot-id.txt"]

    /// The probe that shows which blocks are bad.
    static let blockMaps = "mtdinfo-map.txt"

    /// The probes that run when the board is first reached, since reading needs their information.
    static let ofTools: Set = ["tools.txt", "busybox.txt"]

    /// The probes whose output grows: two replies agree if one begins with the other.
    static let growing: Set = ["dmesg.txt"]

    /// The tools to look for. A name does not prove what the tool can do; see the help texts.
    static let toolNames = [
        "dd", "head", "tail", "cat", "od", "hexdump", "xxd", "base64", "uuencode", "uudecode", "gzip", "sha256sum",
        "sha1sum",
        "md5sum", "cksum", "crc32", "sum", "cmp", "stty", "mkfifo", "mknod", "mktemp", "printf", "awk", "tr", "sed",
        "grep", "wc",
        "sleep", "sync", "readlink", "nanddump", "mtdinfo", "flash_erase", "flash_eraseall", "flash_unlock",
        "nandwrite", "flashcp", "mtd", "mtd_debug", "ubinfo", "ubiupdatevol", "ubiformat", "ubiattach", "ubidetach",
        "fw_printenv", "nc", "tftp", "ftpput", "httpd", "df", "wget", "curl", "ip", "ifconfig", "busybox", "toybox",
        "timeout",
    ]

    /// Prints the name of an MTD device or UBI volume whose folder is $d.
    private static let name =
        #"[ -r "$d/name" ] && IFS= read -r v <"$d/name" && echo name= && case $v in -*|*\\*) cat "$d/name";; "#
        + #"*) echo "$v";; esac"#

    // In the scripts $R is the root, quoted where it is used. `read` reads a line without starting a program.
    private static let probes: [(name: String, script: String)] = [
        ("user-id.txt", #"id -u || echo "${USER:-$LOGNAME}""#),
        ("proc-mtd.txt", #"cat "$R/proc/mtd""#),

        // One block of lines for each mtdN: `== mtdN`, then `attribute:value`. The name comes alone on the line after
        // `name=`, printed by cat if it has a backslash, which some shells' `echo` would interpret. The path shows the
        // tree of partitions; `cd -P` resolves it even without readlink. Almost all of it works without starting a
        // process: on a small board, one takes longer than reading everything here.
        (
            "sysfs-mtd.txt",
            #"for d in "$R"/sys/class/mtd/mtd*; do n=${d##*/}; case $n in *ro|*[!a-z0-9]*) continue;; esac; "#
                + #"[ -d "$d" ] || continue; echo "== $n"; "# + name
                + #"; for a in type size erasesize "#
                + #"writesize subpagesize oobsize oobavail numeraseregions flags offset ecc_strength ecc_step_size "#
                + #"bitflip_threshold corrected_bits ecc_failures bad_blocks bbt_blocks dev; do [ -r "$d/$a" ] && "#
                + #"read -r v <"$d/$a" && echo "$a:$v"; done; [ -r "$d"ro/dev ] && read -r v <"$d"ro/dev && "#
                + #"echo "rodev:$v"; b="$R/sys/class/block/mtdblock${n#mtd}/dev"; [ -r "$b" ] && read -r v <"$b" && "#
                + #"echo "blockdev:$v"; cd -P "$d" && echo "path:$PWD"; for o in "$d/of_node" "#
                + #""$d/device/of_node"; do [ -d "$o" ] && cd -P "$o" && echo "of:$PWD" && break; done; done"#
        ),

        // The beginning of the ring buffer matters: partitions are created while the board starts.
        ("dmesg.txt", #"dmesg | head -n 3000 || dmesg"#),
        // If the ring buffer has wrapped, these logs may have kept its beginning.
        (
            "kernel-log.txt",
            #"case $(dmesg) in *"MTD partitions on"*) exit 0;; esac; for f in /var/log/dmesg /var/log/boot "#
                + #"/var/log/boot.log /var/log/kern.log /var/log/messages /var/log/syslog /tmp/log/messages "#
                + #"/tmp/syslog.log /tmp/boot.log; do [ -f "$R$f" ] && grep -i -e mtd -e nand -e 'spi-nor' -e 'm25p' "#
                + #"-e ' : "' "$R$f" | head -n 400; done; logread | head -n 1500"#
        ),
        // `Documentation/admin-guide/sysctl/kernel.rst`, random: new at each boot.
        ("boot-id.txt", #"f="$R/proc/sys/kernel/random/boot_id"; [ -r "$f" ] && read -r v <"$f" && echo "$v""#),
        ("cmdline.txt", #"cat "$R/proc/cmdline""#),
        ("mounts.txt", #"cat "$R/proc/mounts""#),
        ("partitions.txt", #"cat "$R/proc/partitions""#),

        // `== ubi0` or `== ubi0_1`, then attributes, the name as above.
        (
            "sysfs-ubi.txt",
            #"for d in "$R"/sys/class/ubi/ubi[0-9]*; do [ -d "$d" ] || continue; echo "== ${d##*/}"; "#
                + name + #"; for a in mtd_num eraseblock_size min_io_size "#
                + #"total_eraseblocks avail_eraseblocks bad_peb_count reserved_for_bad ro_mode volumes_count type "#
                + #"data_bytes reserved_ebs usable_eb_size alignment upd_marker corrupted dev; do [ -r "$d/$a" ] && "#
                + #"read -r v <"$d/$a" && echo "$a:$v"; done; done"#
        ),
        // Only without sysfs, which has the same information.
        ("ubinfo.txt", #"[ -d "$R/sys/class/mtd" ] || ubinfo -a"#),

        ("cpuinfo.txt", #"head -n 60 "$R/proc/cpuinfo" || cat "$R/proc/cpuinfo""#),
        (
            "release.txt",
            #"for f in /etc/openwrt_release /etc/os-release /etc/openwrt_version /tmp/sysinfo/model "#
                + #"/tmp/sysinfo/board_name /etc/version /etc/issue; do [ -f "$R$f" ] && echo "== $f" && "#
                + #"{ head -n 40 "$R$f" || cat "$R$f"; }; done"#
        ),
        ("hostname.txt", #"read -r v <"$R/proc/sys/kernel/hostname" && echo "$v" || hostname"#),
        ("kernel.txt", #"cat "$R/proc/version" || uname -a"#),
        // Strings in the device tree end in NUL, which some terminals drop.
        (
            "device-tree-identity.txt",
            #"B="$R/proc/device-tree"; for f in model serial-number chosen/bootargs chosen/u-boot,version compatible; "#
                + #"do [ -f "$B/$f" ] && echo "== $f" && { tr '\000' '\n' <"$B/$f" || cat "$B/$f"; echo; }; done"#
        ),

        // Every property of nodes that may be a flash chip or a partition, in hexadecimal: `== /node/path`, then for
        // each property `-- name` and a dump by hexdump -C, else od.
        (
            "device-tree-flash.txt",
            #"B="$R/proc/device-tree"; if hexdump -C /dev/null; then h() { hexdump -C "$1"; }; "#
                + #"else h() { od -A x -t x1 -v "$1"; }; fi; w() { for p in "$1"/*; do [ -d "$p" ] || continue; "#
                + #"case ${p#"$B"} in *partition*|*flash*|*nand*|*m25p*|*nor@*|*spi*/*@[0-9a-f]*) "#
                + #"echo "== ${p#"$B"}"; for a in compatible label name reg read-only '#address-cells' '#size-cells' "#
                + #"linux,mtd-name status; do [ -f "$p/$a" ] && echo "-- $a" && h "$p/$a"; done;; esac; w "$p"; "#
                + #"done; }; [ -d "$B" ] && w "$B""#
        ),

        (
            "mac-addresses.txt",
            #"for f in "$R"/sys/class/net/*/address; do [ -r "$f" ] && read -r v <"$f" && d=${f%/*} && "#
                + #"echo "${d##*/} $v"; done; [ -d "$R/sys/class/net" ] || "#
                // Without the counters, which change from one reply to the next.
                + #"ifconfig -a | while read -r a b; do case "$a $b" in *HWaddr*|ether\ *) echo "$a $b";; esac; done"#
        ),
        (
            "spi-nor.txt",
            #"for d in "$R"/sys/bus/spi/devices/*; do [ -d "$d" ] || continue; echo "== ${d##*/}"; for a in modalias "#
                + #"spi-nor/jedec_id spi-nor/manufacturer spi-nor/partname; do [ -r "$d/$a" ] && read -r v <"$d/$a" "#
                + #"&& echo "${a##*/}:$v"; done; done"#
        ),
        // "Y" turns the kernel's protection of bad blocks off (drivers/mtd/mtdcore.c, mtd_check_expert_analysis_mode).
        ("expert-mode.txt", #"cat "$R/sys/kernel/debug/mtd/expert_analysis_mode""#),

        // Two probes, because with a bad CRC the variables still come on standard output, and only standard error
        // reveals that they are built-in defaults. fw_printenv creates a lock file below /var/lock, which is in RAM.
        ("fw-printenv.txt", "fw_printenv"),
        ("fw-printenv-errors.txt", "type fw_printenv >/dev/null && fw_printenv 2>&1 >/dev/null"),
        ("fw-env-config.txt", #"cat "$R/etc/fw_env.config""#),

        // Only if there are bad blocks: a full map of a large chip takes a minute over a serial line. Without sysfs
        // that is unknown beforehand, and mtdinfo also reports the type of flash.
        (
            blockMaps,
            #"for d in "$R"/sys/class/mtd/mtd*; do n=${d##*/}; case $n in *ro|*[!a-z0-9]*) continue;; esac; t=; b=; k=; "#
                + #"read -r t <"$d/type"; case $t in *nand) ;; *) continue;; esac; read -r b <"$d/bad_blocks"; "#
                + #"read -r k <"$d/bbt_blocks"; [ "$b$k" = 00 ] && continue; echo "== $n"; "#
                + #"mtdinfo -M "$R/dev/$n" || break; done; [ -d "$R/sys/class/mtd" ] || "#
                + #"for d in "$R"/dev/mtd[0-9]*; do n=${d##*/}; case $n in *ro) continue;; esac; [ -c "$d" ] || "#
                + #"continue; echo "== $n"; mtdinfo -M "$d" || break; done"#
        ),

        // `c`haracter device, `b`lock device, or `f`ile. The last is a trap: reading it returns that file's bytes.
        (
            "nodes.txt",
            #"for n in "$R"/dev/mtd* "$R"/dev/mtd/* "$R"/dev/mtdblock/* "$R"/dev/ubi*; do if [ -c "$n" ]; then "#
                + #"echo "c ${n#"$R"}"; elif [ -b "$n" ]; then echo "b ${n#"$R"}"; elif [ -f "$n" ]; then "#
                + #"echo "f ${n#"$R"}"; fi; done"#
        ),
        // The path of each tool, or just its name if it is built into the shell; then `ls -l` of all of them, which
        // shows the links. The oldest shells lack `command -v`, but all have `type`.
        (
            "tools.txt",
            #"L=$(for t in "# + toolNames.joined(separator: " ")
                + #"; do command -v $t || { type $t >/dev/null && echo $t; }; done); echo "$L"; \ls -ld $L || :"#
        ),
        // Only if it exists: a shell's error message may include a line number that differs each time.
        ("busybox.txt", "type busybox >/dev/null && busybox 2>&1"),
        // The help text distinguishes the versions. `--help` touches no flash in any of them.
        (
            "nanddump-help.txt",
            "type nanddump >/dev/null && { nanddump --help 2>&1; nanddump --version 2>&1; } || mtdinfo --version"
        ),
        ("printk.txt", #"cat "$R/proc/sys/kernel/printk""#),
        // The first line is the board's total memory; the others change all the time.
        ("memory.txt", #"[ -r "$R/proc/meminfo" ] && read -r v <"$R/proc/meminfo" && echo "$v""#),
    ]
}
