import FlashAccess

/// `tftpput 80000000 10000 file` (`cmd/net.c`, CONFIG_CMD_TFTPPUT, since 2011.12).
struct TFTPPutCommand: UBootUploadCommand {
    var method: UBootReadMethod { .tftpput }

    func question(_ help: UBootHelp) -> String? { nil }

    func isOffered(_ help: UBootHelp, answer: UBootReply?) -> Bool { help.has("tftpput") }

    func line(_ commands: UBootCommands, from memory: UInt64, count: UInt64, file: String) throws -> String {
        try commands.tftpPut(from: memory, count: count, file: file)
    }
}
