import FlashAccess
import FlashModel
import ImageFormats
import RedBootFlash
import SystemPackage
import Transfers

extension NetworkBoot {
    /// Loads and starts the image from RedBoot, and returns when the started system has fallen silent.
    ///
    /// - Throws: `usage` if variables are wanted, which RedBoot does not have; `hostUnreachable`,
    ///   `addressNotUnderstood`, `imageUnsuitable`, `portUnavailable`, `commandFailed`, and errors of the line.
    func run(
        _ session: RedBootSession, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) async throws {
        if let variable = variables.first {
            throw FlashkeepError(
                .usage, what: "--set \(PrintableText.escaped(variable.name)) cannot be used.",
                why: "RedBoot answers, and has no variables.", next: "Omit --set.")
        }
        let start = try method()
        let starter = try await RedBootStarter.learn(session)
        if let refusal = starter.refusal(start, file: file.path.string) { throw refusal }
        let memory = try memory ?? starter.facts.freeMemory(Int(clamping: file.image.room)).lowerBound
        let addresses = try BoardAddresses(
            board: board, host: host, ownBoard: starter.facts.addresses?.board,
            ownServer: starter.facts.addresses?.server, interfaces: try interfaces())
        let catalog = TFTPCatalog()
        catalog.offer(file.name, file: file.path)
        notify(
            .note(
                "the board (\(addresses.board)) loads \(file.path.lastComponent?.string ?? file.name) from "
                    + "\(addresses.host)"))
        try await withTFTPServer(
            catalog,
            TFTPServer.Configuration(addresses: ["\(addresses.host)"], port: port, program: program),
            observer: { event in
                if case .advanced(let bytes, let size) = event.kind { notify(.advanced(done: bytes, total: size)) }
            }
        ) { _ in
            try await starter.set(addresses)
            try await load(starter, to: memory, from: addresses.host)
        }
        notify(.note("\(file.image.summary) is in the board's RAM and is being started"))
        try await starter.start(start, at: memory, size: file.image.size)
    }

    /// How RedBoot starts the image.
    ///
    /// - Throws: `imageUnsuitable` if it cannot.
    private func method() throws -> RedBootStarter.Start {
        switch file.image.command {
        case .go: return .go
        case .bootz: return .execute
        case .bootm, .booti, nil:
            throw FlashkeepError(
                .imageUnsuitable, what: BootImage.refused(file.path.string),
                why: "It is \(file.image.summary), and RedBoot starts only bare kernels (zImage), and bytes at a given "
                    + "address.",
                next: "Use a zImage with an initramfs, or a raw image with --load-address.")
        }
    }

    private func load(_ starter: RedBootStarter, to memory: UInt64, from host: IPv4Address) async throws {
        var last = RedBootStarter.Load.damaged
        for _ in 0..<Self.attempts {
            last = try await starter.load(
                file.name, to: memory, size: file.image.size, sum: file.posixSum, from: host)
            if last == .done { return }
            if case .failed(let text) = last, RedBootLoadResult.isHopeless(text) { break }
        }
        let why =
            if case .failed(let text) = last {
                "RedBoot says: \(PrintableText.escaped(text, limit: 120))"
            } else {
                "It arrived with a wrong checksum, \(Self.attempts) times."
            }
        throw FlashkeepError(
            .commandFailed, what: "The board could not load the image over TFTP.", why: why,
            next: "Check the cable and this computer's firewall (UDP port \(port)); or omit --image, and back up from "
                + "RedBoot itself.")
    }
}
