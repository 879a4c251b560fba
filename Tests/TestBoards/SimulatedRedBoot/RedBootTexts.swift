import FlashModel

/// The banner and the help.
extension RedBootMachine {
    private func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: max(0, 8 - text.utf8.count)) + text
    }

    /// `malta-2003-version`, `malta-2006-version`, `malta-2012-version`.
    var version: String {
        let title = "\nRedBoot(tm) bootstrap and debug environment [\(scenario.startup)]\n"
        let (free, all) = (scenario.freeMemory, scenario.memory)
        let (low, high) = (hex(free.lowerBound), hex(free.upperBound))
        let memory = "RAM: \(hex(all.lowerBound))-\(hex(all.upperBound))"
        let size = scenario.chip?.bytes.count ?? 0
        let end = scenario.base + UInt64(size)
        let count = size / scenario.blockSize
        let usual =
            "FLASH: \(hex(scenario.base)) - \(hex(end)), \(count) blocks of "
            + "\(hex(UInt64(scenario.blockSize))) bytes each."
        switch scenario.generation {
        case .y2003:
            return title + "Non-certified release, version UNKNOWN - built 00:34:19, Nov 30 2026\n\n"
                + "Platform: Malta (MIPS32 4Kc) \nCopyright (C) 2000, 2001, 2002, Red Hat, Inc.\n\n"
                + "\(memory), \(low)-\(high) available\n\(scenario.flashLine ?? usual)\n"
        case .y2006:
            return title + "Non-certified release, version UNKNOWN - built 00:37:53, Nov 30 2026\n\n"
                + "Platform: Malta (MIPS32 4Kc) \nCopyright (C) 2000, 2001, 2002, 2003, 2004 Red Hat, Inc.\n\n"
                + "\(memory), [\(low)-\(high)] available\n\(scenario.flashLine ?? usual)\n"
        case .y2012:
            let line =
                "FLASH: \(hex(scenario.base))-\(hex(end - 1)), \(count) x 0x"
                + "\(String(scenario.blockSize, radix: 16)) blocks"
            return title + "Non-certified release, version UNKNOWN - built 23:30:50, Nov 29 2026\n\n"
                + "Copyright (C) 2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009\n"
                + "Free Software Foundation, Inc.\n"
                + "RedBoot is free software, covered by the eCos license, derived from the\n"
                + "GNU General Public License. You are welcome to change it and/or distribute\n"
                + "copies of it under certain conditions. Under the license terms, RedBoot's\n"
                + "source code and full license terms must have been made available to you.\n"
                + "Redboot comes with ABSOLUTELY NO WARRANTY.\n\nPlatform: Malta (MIPS32 4Kc) \n"
                + "\(memory) [\(low)-\(high) available]\n\(scenario.flashLine ?? line)\n"
        }
    }

    /// The names of the commands, in the order of `help`.
    var commandNames: [String] { texts.map(\.name) }

    private struct Text {
        var name: String
        var title: String
        var usage: String
    }

    /// `malta-2003-help`, `malta-2006-help`.
    private var texts: [Text] {
        let is2003 = scenario.generation == .y2003
        let widths = (scenario.hasRecords ? "[-s] " : "") + (is2003 ? "[-1|2|4]" : "[-1|-2|-4]")
        let all = [
            Text(name: "alias", title: "Manage aliases kept in FLASH memory", usage: "alias name [value]"),
            Text(name: "baudrate", title: "Set/Query the system console baud rate", usage: "baudrate [-b <rate>]"),
            Text(name: "cache", title: "Manage machine caches", usage: "cache [ON | OFF]"),
            Text(name: "channel", title: "Display/switch console channel", usage: "channel [-1|<channel number>]"),
            Text(
                name: "cksum", title: "Compute a 32bit checksum [POSIX algorithm] for a range of memory",
                usage: "cksum -b <location> -l <length>"),
            Text(name: "disks", title: "Display disks/partitions.", usage: "disks "),
            Text(
                name: "dump", title: "Display (hex dump) a range of memory",
                usage: "dump -b <location> [-l <length>] \(widths)"),
            Text(
                name: "exec", title: "Execute an image",
                usage: "exec [-b <argv addr>] [-c \"kernel command line\"] [-w <timeout>]\n        [<entry point>]"),
            Text(name: "fis", title: "Manage FLASH images", usage: "fis {cmds}"),
            Text(
                name: "fconfig", title: "Manage configuration kept in FLASH memory",
                usage: "fconfig [-i] [-l] [-n] [-f] [-d] | [-d] nickname [value]"),
            Text(
                name: "go", title: "Execute code at a location",
                usage: is2003 ? "go [-w <timeout>] [entry]" : "go [-w <timeout>] [-c] [-n] [entry]"),
            Text(name: "help", title: "Help about help?", usage: "help [<topic>]"),
            Text(name: "history", title: "Display command history", usage: "history "),
            Text(
                name: "ip_address", title: "Set/change IP addresses",
                usage: "ip_address [-l <local_ip_address>\(is2003 ? "" : "[/<mask_len>]")] [-h <server_address>]"),
            Text(
                name: "load", title: "Load a file",
                usage: "load [-r] [-v] [-d] [-h <host>] [-m <varies>] [-c <channel_number>] \n"
                    + "        [-b <base_address>] <file_name>"),
            Text(
                name: "mcmp", title: "Compare two blocks of memory",
                usage: "mcmp -s <location> -d <location> -l <length> [-1|-2|-4]"),
            Text(
                name: "mcopy", title: "Copy memory from one address to another",
                usage: "mcopy -s <location> -d <location> -l <length> [-1|-2|-4]"),
            Text(
                name: "mfill", title: "Fill a block of memory with a pattern",
                usage: "mfill -b <location> -l <length> -p <pattern> [-1|-2|-4]"),
            Text(
                name: "ping", title: "Network connectivity test",
                usage: "ping [-v] [-n <count>] [-l <length>] [-t <timeout>] [-r <rate>]\n"
                    + "        [-i <IP_addr>] -h <IP_addr>"),
            Text(name: "reset", title: "Reset the system", usage: "reset "),
            Text(name: "version", title: "Display RedBoot version information", usage: "version "),
            Text(
                name: "x", title: "Display (hex dump) a range of memory",
                usage: "x -b <location> [-l <length>] \(widths)"),
        ]
        let absent: Set<String> = is2003 ? ["history", "mcopy"] : []
        return all.filter { !absent.contains($0.name) && !scenario.missing.contains($0.name) }
    }

    /// The subcommands of `fis` (`malta-2006-help-topics`).
    var fisUsages: [(name: String, title: String, usage: String)] {
        let create =
            scenario.generation == .y2003
            ? "-b <mem_base> -l <image_length>" : "[-b <mem_base>] [-l <image_length>]"
        let all: [(name: String, title: String, usage: String)] = [
            (
                "create", "Create an image",
                "fis create \(create) [-s <data_length>]\n"
                    + "      [-f <flash_addr>] [-e <entry_point>] [-r <ram_addr>] [-n] <name>"
            ),
            ("delete", "Delete an image from FLASH Image System [FIS]", "fis delete name"),
            ("erase", "Erase FLASH contents", "fis erase -f <flash_addr> -l <length>"),
            ("free", "Display free [available] locations within FLASH Image System [FIS]", "fis free "),
            ("init", "Initialize FLASH Image System [FIS]", "fis init [-f]"),
            ("list", "Display contents of FLASH Image System [FIS]", "fis list [-c] [-d]"),
            (
                "load", "Load image from FLASH Image System [FIS] into RAM",
                "fis load [-d] [-b <memory_load_address>] [-c] name"
            ),
            ("lock", "LOCK FLASH contents", "fis lock [-f <flash_addr> -l <length>] [name]"),
            ("unlock", "UNLOCK FLASH contents", "fis unlock [-f <flash_addr> -l <length>] [name]"),
            (
                "write", "Write raw data directly to FLASH",
                "fis write -f <flash_addr> -b <mem_base> -l <image_length>"
            ),
        ]
        return all.filter { fisNames.contains($0.name) }
    }

    /// `malta-2006-help`, `malta-2006-help-topics`: without a topic all commands; else those that begin with it, with the
    /// subcommands of `fis`.
    func help(_ topic: String?) -> String {
        texts.filter { text in topic.map { text.name.hasPrefix($0.lowercased()) } ?? true }.map { text in
            var lines = "\(text.title)\n   \(text.usage)\n"
            if topic != nil, text.name == "fis" {
                lines += fisUsages.map { "\($0.title)\n  \($0.usage)\n" }.joined()
            }
            return lines
        }.joined()
    }
}
