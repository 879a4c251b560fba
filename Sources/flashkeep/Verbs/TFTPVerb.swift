import ArgumentParser
import BoardAccess
import FlashAccess
import FlashModel
import Operations
import Synchronization
import SystemPackage
import Transfers

/// `flashkeep tftp DIR`
struct TFTPVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tftp", abstract: "Serves the files of a folder to boards, by TFTP.",
            usage: "flashkeep tftp <dir> [options]",
            discussion: """
                Examples:
                  flashkeep tftp images
                  flashkeep tftp images --address 192.168.1.10
                  flashkeep tftp dumps --allow-write
                  flashkeep tftp images --port 6969

                At a board's U-Boot prompt, if this computer has the address 192.168.1.10:
                  setenv serverip 192.168.1.10
                  tftpboot 0x81000000 initramfs.bin
                  tftpput 0x9f000000 0x800000 dump.bin     with --allow-write

                Every transfer is reported on standard error. Ctrl-C stops the server. Port 69
                needs a privilege; without it, an error explains how to grant it. No file is
                ever overwritten, and nothing outside the folder can be reached. TFTP has no
                passwords: anyone who can reach this computer can read the folder and, with
                --allow-write, fill it.
                """)
    }

    /// Options specific to `tftp`.
    struct Choices: ParsableArguments, Sendable {
        @Option(help: ArgumentHelp("The UDP port to listen on; 0 picks a free one.", valueName: "port"))
        var port = 69

        @Option(help: ArgumentHelp("Listen only on this address of this computer; can be repeated.", valueName: "ip"))
        var address: [String] = []

        @Flag(help: "Let boards write new files into the folder.")
        var allowWrite = false

        func validate() throws {
            guard (0...65_535).contains(port) else {
                throw ValidationError(
                    "The port must be a number from 0 to 65535.")
            }
        }
    }

    @Argument(help: "The folder with the files.", completion: .directory)
    var dir: String
    @OptionGroup(title: "Options of tftp") var choices: Choices
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    /// The result, for programs.
    struct Document: Encodable {
        var formatVersion = 1
        /// The port that the server listened on.
        var port: Int
        /// Completed transfers.
        var reads = 0
        var writes = 0
        /// Bytes in completed transfers.
        var bytesRead = 0
        var bytesWritten = 0
        /// Transfers that did not complete.
        var broken = 0
        /// Requests that were refused.
        var refused = 0

        mutating func count(_ event: TFTPEvent) {
            switch (event.kind, event.direction) {
            case (.done(let bytes, _), .read):
                reads += 1
                bytesRead = bytesRead.plus(bytes) ?? .max
            case (.done(let bytes, _), .write):
                writes += 1
                bytesWritten = bytesWritten.plus(bytes) ?? .max
            case (.broken, _): broken += 1
            case (.refused, _): refused += 1
            case (.began, _), (.advanced, _): break
            }
        }
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        let folder = try openFolder(nonce: context.environment.nonce)
        let program = OwnProgram.quoted
        let configuration = TFTPServer.Configuration(addresses: choices.address, port: choices.port, program: program)
        let teller = TFTPTeller(context: context)
        try await withTFTPServer(folder, configuration, observer: { teller.take($0) }) { server in
            teller.listens(server.port)
            context.say(
                "Serving \"\(SafeText.line(dir))\" on UDP port \(server.port)"
                    + (choices.address.isEmpty ? "" : " of \(server.addresses.joined(separator: " and "))")
                    + (choices.allowWrite ? ", reading and writing." : ", reading only.") + " Ctrl-C stops it.")
            let own = TFTPServer.localAddresses
            if choices.address.isEmpty, !own.isEmpty {
                context.say("Boards can reach this computer at \(own.joined(separator: " or ")).")
            }
            // Ctrl-C is the normal way to stop the server, not an error.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
        }
        let document = teller.document
        try context.give(document) {
            "Reads: \(document.reads), \(ByteCount.text(document.bytesRead)). "
                + "Writes: \(document.writes), \(ByteCount.text(document.bytesWritten)). "
                + "Not completed: \(document.broken). Refused: \(document.refused).\n"
        }
        return .done
    }

    private func openFolder(nonce: @escaping @Sendable () -> String) throws -> TFTPFolder {
        do {
            return try TFTPFolder(FilePath(dir), isWritable: choices.allowWrite, nonce: nonce)
        } catch {
            throw FlashkeepError(
                .fileUnavailable, what: "The folder \"\(SafeText.line(dir))\" cannot be served.",
                why: error.description, next: "Check the path: it must be a folder that you may read.")
        }
    }
}

/// Reports transfers as they happen, and counts them.
private final class TFTPTeller: Sendable {
    private let context: VerbContext
    private let state = Mutex((text: TFTPText(), document: TFTPVerb.Document(port: 0)))

    init(context: VerbContext) {
        self.context = context
    }

    var document: TFTPVerb.Document { state.withLock { $0.document } }

    func listens(_ port: Int) {
        state.withLock { $0.document.port = port }
    }

    func take(_ event: TFTPEvent) {
        state.withLock { state in
            state.document.count(event)
            if let line = state.text.line(event) { context.say(line) }
        }
    }
}

extension VerbContext {
    /// Prints a line of progress verbatim on standard error.
    fileprivate func say(_ text: String) {
        switch progress.mode {
        case .live, .plain: screen.message(text)
        case .json: progress.take(.note(text))
        case .none: break
        }
    }
}
