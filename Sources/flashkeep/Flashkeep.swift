import BoardAccess
import Glibc

/// The program's entry point. It has only what must come before everything else, in this order.
@main
struct Flashkeep {
    static func main() async {
        // If stdin, stdout or stderr is closed, the next file opened takes its descriptor and receives our output.
        while true {
            let descriptor = unsafe open("/dev/null", O_RDWR)
            guard descriptor >= 0, descriptor <= STDERR_FILENO else {
                if descriptor >= 0 { close(descriptor) }
                break
            }
        }
        // `ssh` runs this same program to ask for a password: that call must never reach the argument parser.
        if let reply = AskpassHelper.reply(arguments: CommandLine.arguments, variable: ProcessVariables.value) {
            if let answer = reply.answer { StandardOutput.write(answer + "\n") }
            exit(reply.status)
        }
        // A closed pipe (`flashkeep info … | head`) is an error to handle, not a reason to be killed midway.
        signal(SIGPIPE, SIG_IGN)
        let status = await Program.run(Array(CommandLine.arguments.dropFirst()))
        exit(status.rawValue)
    }
}
