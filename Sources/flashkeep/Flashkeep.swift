import Glibc

/// Where the program begins. What must come before anything else is here, in order; nothing else is.
@main
struct Flashkeep {
    static func main() async {
        // Whoever closed one of the three standard files would have what is opened next take its place, and be written
        // to.
        while true {
            let descriptor = unsafe open("/dev/null", O_RDWR)
            guard descriptor >= 0, descriptor <= STDERR_FILENO else {
                if descriptor >= 0 { close(descriptor) }
                break
            }
        }
        // `ssh` runs this same program to ask for a password: that must never reach the argument parser.
        if let reply = AskpassHelper.reply(arguments: CommandLine.arguments, variable: ProcessVariables.value) {
            if let answer = reply.answer { StandardOutput.write(answer + "\n") }
            exit(reply.status)
        }
        // A reader that went away (`flashkeep info … | head`) is an error to handle, no reason to die in the middle.
        signal(SIGPIPE, SIG_IGN)
        let status = await Program.run(Array(CommandLine.arguments.dropFirst()))
        exit(status.rawValue)
    }
}
