internal import BoardConsoles
internal import FlashModel

/// The commands that find a web server's folder on a board, and the room in it. They only read. Pure.
enum WebRootQuestions {
    /// Where boards keep the files of their web pages.
    static let usualFolders = [
        "/var/wwwroot", "/www", "/var/www", "/var/www/html", "/usr/www", "/webs", "/etc_ro/web", "/home/httpd",
        "/tmp/www", "/srv/www", "/usr/local/www", "/web",
    ]

    private static let usualFiles = [
        "/etc/httpd.conf", "/etc/boa/boa.conf", "/etc/boa.conf", "/etc/lighttpd/lighttpd.conf", "/etc/lighttpd.conf",
        "/etc/mini_httpd.conf", "/etc/thttpd.conf", "/etc/nginx/nginx.conf",
    ]

    /// Prints the running web servers, in the form that ``WebServerProcess/parse(_:)`` reads.
    ///
    /// - Parameter root: a prefix of all paths, for tests.
    static func processes(root: String, _ toolbox: LinuxToolbox) -> String {
        "for p in \(ShellWord.quoted("\(root)/proc"))/[0-9]*;do c=$(\(toolbox.invocation("tr")) '\\0' '\\n' <\"$p/cmdline\");"
            + "case $c in "
            + WebServerProcess.patterns.joined(separator: "|")
            + ")echo \"== $(cd \"$p/cwd\"&&pwd -P)\";echo \"$c\";;esac;done"
    }

    /// Prints configuration files.
    static func configurations(root: String, _ more: [String]) -> String {
        let files = (more + usualFiles).map { ShellWord.quoted("\(root)\($0)") }.joined(separator: " ")
        return "for f in \(files);do [ -f \"$f\" ]&&cat \"$f\";done"
    }

    /// Prints `FOLDER|PHYSICAL` for each folder that exists, and for the links in it that lead to folders.
    static func folders(_ folders: [String]) -> String {
        let list = folders.map { ShellWord.quoted($0) }.joined(separator: " ")
        return "for d in \(list);do (cd \"$d\"&&echo \"$d|$(pwd -P)\");for l in \"$d\"/*;do [ -L \"$l\" ]&&"
            + "(cd \"$l\"&&echo \"$l|$(pwd -P)\");done;done"
    }

    /// Prints the room in a folder, and the board's free memory.
    static func room(_ folder: String, root: String, _ toolbox: LinuxToolbox) -> String {
        "\(toolbox.invocation("df")) -k \(ShellWord.quoted(folder));cat \(ShellWord.quoted("\(root)/proc/meminfo"))"
    }
}

/// The room for files in a folder that is kept in memory, in bytes. Pure.
package enum WebRootRoom {
    /// The smallest room with which a backup makes sense.
    package static let least = 256 << 10

    /// Reads it from the output of `df -k` and of `/proc/meminfo`.
    ///
    /// - Returns: at most half of the memory that is free, since the board needs it for itself; nil if that is unknown.
    package static func bytes(in text: String) -> Int? {
        var memory: [String: Int] = [:]
        var available: Int?
        for line in text.split(whereSeparator: \.isNewline).prefix(200) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.count >= 2, words[0].hasSuffix(":"), let value = Int(words[1]) {
                memory[String(words[0].dropLast())] = value
            } else if words.contains(where: { $0.hasSuffix("%") || $0 == "-" }) {
                // Blocks, used, available, and how full it is. A long name of the device has a line of its own.
                let numbers = words.compactMap { Int($0) }
                // A ramfs reports no size, because it has no limit but the memory (Linux `fs/libfs.c`, simple_statfs).
                if numbers.count == 3, numbers[0] > 0 { available = numbers[2] }
            }
        }
        guard let free = memory["MemAvailable"] ?? memory["MemFree"] else { return nil }
        let room = min(free / 2, available ?? free)
        return max(0, min(room, Int(Int32.max))) << 10
    }
}
