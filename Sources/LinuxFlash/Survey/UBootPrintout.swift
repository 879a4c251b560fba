import FlashAccess

/// The output of `fw_printenv`: the variables of U-Boot, if they are its own.
///
/// If the CRC is wrong, U-Boot's own `fw_printenv` prints a built-in default environment with exit status 0, and only
/// standard error reveals that (`tools/env/fw_env.c`, "Bad CRC, using default environment"). So the variables count
/// only if there was no such message.
package struct UBootPrintout: Sendable, Hashable {
    /// The variables as printed, the first of each name. Built-in defaults if ``problem`` is set.
    package var variables: [String: String] = [:]
    /// Why the variables are not the board's; nil if there is no sign of that.
    package var problem: String?

    /// The variables if they are the board's own; otherwise empty.
    package var boardsOwn: [String: String] { problem == nil ? variables : [:] }

    /// Parses the separate standard output and standard error.
    package init(output: LinuxProbeReply?, errors: LinuxProbeReply?) {
        for line in output?.lines.prefix(4096) ?? [] {
            guard let name = line.before("=")?.string(limit: 256), !name.isEmpty, let value = line.after("=") else {
                continue
            }
            if variables[name] == nil { variables[name] = value.string(limit: BoardLimits.lineBytes) }
        }
        let said = (errors?.lines ?? []) + (output?.lines ?? [])
        for words in ["Bad CRC", "using default", "default environment", "Cannot ", "wrong or corrupted"] {
            if let line = said.first(where: { $0.contains(words) && $0.before("=") == nil }) {
                problem = line.trimmed.string()
                return
            }
        }
        if let output, output.exitStatus != 0 {
            problem = "fw_printenv exited with status \(output.exitStatus)"
        } else if variables.isEmpty {
            problem = "fw_printenv printed nothing"
        }
    }
}
