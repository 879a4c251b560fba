extension Partition.Role {
    /// The role that a partition's name implies; `unknown` if the name is not one known in the field.
    ///
    /// Names are compared without case. A Qualcomm `0:` prefix and the number or letter of a second copy at the end
    /// (`linux_2`, `0:APPSBL_1`, `kernel-b`) are ignored. If a name has two uses, the one that requires more care is
    /// returned, because the role decides how careful a restore is.
    package static func ofName(_ name: String) -> Partition.Role {
        var words = name.lowercased()
        if words.hasPrefix("0:") {
            words.removeFirst(2)
        }
        // Normalises the spelling: blanks, dashes, underscores and dots are used interchangeably.
        var key = String(words.filter { !" -_.".contains($0) })
        if let role = byName[key] { return role }
        // "uboot2", "kernel1"; then "rootfs_a". A letter is removed only after a separator.
        while let last = key.last, last.isASCII, last.isNumber {
            key.removeLast()
        }
        if let role = byName[key] { return role }
        for ending in ["_a", "_b", "-a", "-b", ".a", ".b", "_bak", "-bak", ".bak", "_backup", "-backup", " backup"]
        where words.hasSuffix(ending) {
            let stem = words.dropLast(ending.count).filter { !" -_.".contains($0) }
            if let role = byName[String(stem)] { return role }
        }
        return .unknown
    }

    /// Names from vendors' and OpenWrt's partition tables, in lower case, without separators.
    private static let byName: [String: Partition.Role] = {
        var result: [String: Partition.Role] = [:]
        for (role, names) in namesByRole {
            for name in names {
                result[name] = role
            }
        }
        return result
    }()

    private static let namesByRole: [(Partition.Role, [String])] = [
        (
            .bootloader,
            [
                "uboot", "ubootro", "ubootspl", "boot", "bootloader", "redboot", "cfe", "spl", "tpl", "preloader",
                "bl", "bl2", "bl31", "fip", "atf", "barebox", "yamon", "brnboot", "adam2", "loader", "bootrom",
                "firststage", "secondstage", "recoveryboot", "bootbase", "bootbase2", "secondboot", "safeloader",
                // Qualcomm: the boot chain, and the table in which it looks up its parts.
                "sbl", "mibib", "qsee", "devcfg", "rpm", "tz", "cdt", "ddrparams", "appsbl", "lk", "xbl", "aboot",
                // Partition tables: without them a bootloader cannot find anything.
                "fisdirectory", "fistable", "redundantfis", "partitiontable", "ptable", "gpt", "mbr", "bootconfig",
            ]
        ),
        (
            .environment,
            [
                "ubootenv", "ubootenvironment", "ubootdata", "ubootconfig", "env", "environment", "nvram", "appsblenv",
                "bootenv", "bootloaderenv", "uenv", "yamonenv", "redundantenv", "ubootenvredundant",
            ]
        ),
        (
            .calibration,
            [
                "art", "factory", "caldata", "cal", "calibration", "radio", "boarddata", "bdata", "devinfo", "devdata",
                "ri", "eeprom", "factorydata", "factoryinfo", "productinfo", "product", "mac", "macaddr", "macaddress",
                "defaultmac", "wifi", "wlan", "rf", "rfdata", "mfg", "mfgdata", "manufacture", "manufacturing",
                "serial", "serialnumber", "deviceid", "pin", "persist", "hwinfo", "boardinfo", "boardnvram",
                "ethaddr", "idblock", "tddata", "artdata", "wlanconfig", "calib", "caldatabackup", "prodinfo",
            ]
        ),
        (
            .firmware,
            [
                "firmware", "kernel", "rootfs", "ubi", "linux", "vmlinux", "vmlinuz", "image", "fw", "osimage", "os",
                "squashfs", "initramfs", "recovery", "recoveryfs", "system", "hlos", "ubifs", "ubirootfs", "uimage",
                "openwrt", "root", "ramdisk", "oskernel", "trx", "brcmtrx", "fullflash", "all", "alllinux", "mainfs",
                "kernelimage", "rootfsimage", "bank", "upgrade", "safeos", "factoryimage", "failsafe", "lede",
                "userfs", "webpages", "ui",
            ]
        ),
        (
            .config,
            [
                "config", "configuration", "rootfsdata", "jffs", "overlay", "userdata", "data", "cfg", "userconfig",
                "usercfg", "syscfg", "sysconfig", "param", "params", "parameters", "nvramconfig", "redbootconfig",
                "certs", "cert", "storage", "etc", "persistent", "settings", "boardconfig", "userconf", "defaultconfig",
                "ubidata", "log", "language",
            ]
        ),
    ]
}
