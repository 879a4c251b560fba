internal import BoardConsoles
import FlashModel

/// The kernel module mtd-rw, which makes all MTD partitions writable while it is loaded (OpenWrt's package kmod-mtd-rw;
/// https://github.com/jclehner/mtd-rw). It loads only with a parameter by which the user accepts the risk.
struct KernelUnlock {
    private let shell: ShellSession
    private let root: String

    init(_ shell: ShellSession, root: String) {
        self.shell = shell
        self.root = root
    }

    private var isLoaded: String { "[ -d \(ShellWord.quoted("\(root)/sys/module/mtd_rw")) ]" }

    /// Loads the module.
    ///
    /// - Throws: `toolMissing` if the board cannot load it.
    func load() async throws {
        let reply = try await shell.run(
            "\(isLoaded)||insmod mtd-rw i_want_a_brick=1||modprobe mtd-rw i_want_a_brick=1;\(isLoaded)",
            mergesErrors: true)
        guard reply.status == 0 else {
            throw FlashkeepError(
                .toolMissing, what: "The board's read-only partitions cannot be unlocked.",
                why: "It cannot load mtd-rw: \(TerminalText.lastLines(reply.output, count: 1))",
                next: "On OpenWrt: opkg install kmod-mtd-rw (apk add kmod-mtd-rw); then run the same command again.")
        }
    }

    func unload() async throws {
        _ = try await shell.run("if \(isLoaded);then rmmod mtd-rw||rmmod mtd_rw;fi", mergesErrors: true)
    }
}
