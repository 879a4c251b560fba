private import BoardConsoles
private import FlashModel
import Transfers

/// How a board sends another command's output over the network. Pure.
enum NetworkCommand: Sendable, Hashable {
    /// `nc HOST PORT -e sh`: the shell writes to the connection itself. On the lab's board five times as fast as a pipe,
    /// through which busybox moves a kibibyte at a time.
    case netcatShell
    /// A pipe into `nc HOST PORT`.
    case netcatPipe
    /// A pipe into `tftp -p`.
    ///
    /// - Parameter hasBlockSize: whether it can ask for blocks of more than 512 bytes (RFC 2348).
    case tftpPut(hasBlockSize: Bool)
    /// A pipe into `ftpput`.
    case ftpPut
    /// A pipe into `wget --post-file`, which ends its text at the first zero byte (busybox `networking/wget.c`,
    /// download_one_url): so the flash is sent as text.
    case wgetPost

    var method: LinuxReadMethod {
        switch self {
        case .netcatShell, .netcatPipe: .nc
        case .tftpPut: .tftp
        case .ftpPut: .ftpput
        case .wgetPost: .wget
        }
    }

    /// What listens on this computer.
    var service: LinuxStreamService {
        switch self {
        case .netcatShell, .netcatPipe, .wgetPost: .tcp
        case .tftpPut: .tftp
        case .ftpPut: .ftp
        }
    }

    /// Those of a method, in the order in which they are tried.
    ///
    /// - Parameter usage: what the board's tool prints for `--help`.
    static func all(_ method: LinuxReadMethod, usage: String, _ toolbox: LinuxToolbox) -> [NetworkCommand] {
        switch method {
        // Busybox (`networking/nc.c`); others have another `-e`, or none.
        case .nc: usage.contains("BusyBox") && usage.contains("-e PROG") ? [.netcatShell, .netcatPipe] : [.netcatPipe]
        // Busybox (`networking/tftp.c`); others know no standard input. FEATURE_TFTP_PUT may be missing.
        case .tftp:
            usage.contains("BusyBox") && usage.contains("-p")
                ? [.tftpPut(hasBlockSize: usage.contains("-b SIZE"))] : []
        // Busybox (`networking/ftpgetput.c`).
        case .ftpput: usage.contains("BusyBox") && usage.contains("-P") ? [.ftpPut] : []
        // FEATURE_WGET_LONG_OPTIONS may be missing.
        case .wget:
            usage.contains("BusyBox") && usage.contains("--post-file") && textForm(toolbox) != nil
                ? [.wgetPost] : []
        case .httpd, .www, .line: []
        }
    }

    /// The shortest form of text that the board can make; nil if there is none.
    private static func textForm(_ toolbox: LinuxToolbox) -> InlineEncoding.TextForm? {
        InlineEncoding.TextForm.allCases.first { $0 != .tr && toolbox.has($0.rawValue) }
    }

    /// How frames are sent.
    func plan(_ toolbox: LinuxToolbox) -> TransferPlan {
        switch self {
        // TCP protects the frames (RFC 9293 section 3.1), so they are sent as they are.
        case .netcatShell, .netcatPipe, .ftpPut:
            TransferPlan(
                encoding: .raw, checksum: nil, readsTwice: false, isReliable: true, frameSize: 4 << 20,
                batchSize: 64 << 20)
        // wget keeps all of it in the board's memory.
        case .wgetPost:
            TransferPlan(
                encoding: InlineEncoding(
                    isCompressed: toolbox.has("gzip"),
                    text: Self.textForm(toolbox)),
                checksum: nil, readsTwice: false, isReliable: true, frameSize: 128 << 10, batchSize: 512 << 10)
        // UDP's checksum has 16 bits, and may be off (RFC 768). Some clients end after 65,535 blocks.
        case .tftpPut(let hasBlockSize):
            TransferPlan(
                encoding: .raw, checksum: toolbox.quickestChecksum, readsTwice: false, isReliable: true,
                frameSize: 1 << 20, batchSize: hasBlockSize ? 64 << 20 : 16 << 20)
        }
    }

    /// What the shell must know before it runs a function's command: the function, or its text for another shell.
    func definition(of function: String, _ script: String) -> (name: String, script: String) {
        switch self {
        case .netcatShell:
            let name = "FKT\(function)"
            return (name, "\(name)=\(ShellWord.quoted("\(script)\necho \"$1\";shift;\"$@\""))")
        case .netcatPipe, .tftpPut, .ftpPut, .wgetPost: return (function, script)
        }
    }

    /// The first line of the stream, for a service of TCP.
    func firstLine(_ word: String) -> String {
        // The rest of the request is not a frame, and is skipped as such.
        self == .wgetPost ? "POST /\(word) HTTP/1.1\r" : word
    }

    /// The command line.
    ///
    /// - Parameters:
    ///   - command: a function and its arguments; it prints what is to be sent.
    ///   - word: the first line of the stream, or the name of the upload.
    func line(sending command: String, word: String, to host: IPv4Address, port: Int, _ toolbox: LinuxToolbox) -> String
    {
        let tool = toolbox.invocation(method.rawValue)
        switch self {
        case .netcatShell:
            return "\(tool) \(host) \(port) -e sh -c \"$FKT\(command.prefix { $0 != " " })\" sh \(word) \(command)"
        case .netcatPipe: return "{ echo \(word);\(command);}|\(tool) \(host) \(port)"
        case .tftpPut(let hasBlockSize):
            // 1,468 bytes fill an Ethernet frame (RFC 2348).
            return "\(command)|\(tool) -p -l - -r \(word) \(hasBlockSize ? "-b 1468 " : "")\(host) \(port)"
        case .wgetPost:
            // Not every board has /dev/stdin.
            return "{ \(command);}|\(tool) -q -O /dev/null --post-file /proc/self/fd/0 http://\(host):\(port)/\(word)"
        case .ftpPut: return "\(command)|\(tool) -u flashkeep -p flashkeep -P \(port) \(host) \(word) -"
        }
    }
}
