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

    var method: LinuxReadMethod { .nc }

    /// Those of a method, in the order in which they are tried.
    ///
    /// - Parameter usage: what the board's tool prints for `--help`.
    static func all(_ method: LinuxReadMethod, usage: String) -> [NetworkCommand] {
        switch method {
        // Busybox (`networking/nc.c`); others have another `-e`, or none.
        case .nc: usage.contains("BusyBox") && usage.contains("-e PROG") ? [.netcatShell, .netcatPipe] : [.netcatPipe]
        case .www, .line: []
        }
    }

    /// What the shell must know before it runs a function's command: the function, or its text for another shell.
    func definition(of function: String, _ script: String) -> (name: String, script: String) {
        switch self {
        case .netcatShell:
            let name = "FKT\(function)"
            return (name, "\(name)=\(ShellWord.quoted("\(script)\necho \"$1\";shift;\"$@\""))")
        case .netcatPipe: return (function, script)
        }
    }

    /// The command line.
    ///
    /// - Parameters:
    ///   - command: a function and its arguments; it prints what is to be sent.
    ///   - word: the first line of the stream.
    func line(sending command: String, word: String, to host: IPv4Address, port: Int, _ toolbox: LinuxToolbox) -> String
    {
        let netcat = "\(toolbox.invocation("nc")) \(host) \(port)"
        switch self {
        case .netcatShell: return "\(netcat) -e sh -c \"$FKT\(command.prefix { $0 != " " })\" sh \(word) \(command)"
        case .netcatPipe: return "{ echo \(word);\(command);}|\(netcat)"
        }
    }
}
