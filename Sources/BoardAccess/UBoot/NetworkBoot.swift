import FlashAccess
import FlashModel
import ImageFormats
private import Synchronization
private import SystemPackage
package import Transfers
import UBootFlash

/// Loads an image over TFTP from this computer into the RAM of a board in U-Boot, and starts it.
package struct NetworkBoot: Sendable {
    /// A U-Boot variable that the user wants set, in RAM only.
    package struct Variable: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// State that outlasts one connection, whichever bootloader answers.
    private final class Progress: Sendable {
        let started = Atomic<Bool>(false)
    }

    /// Whether the image has been started.
    var hasStarted: Bool { progress.started.load(ordering: .relaxed) }

    /// Notes that the image has been started.
    func noteStart() { progress.started.store(true, ordering: .relaxed) }

    package let file: BootFile
    /// The address of the image in the board's RAM; nil finds a free one.
    package var memory: UInt64?
    /// Set before the start, in this order.
    package var variables: [Variable]
    /// The board's address; nil means automatic.
    package var board: IPv4Address?
    /// The address at which the board reaches this computer; nil means automatic.
    package var host: IPv4Address?
    /// Lists this computer's interfaces at the time of the call.
    package var interfaces: @Sendable () throws -> [HostInterface]
    /// The UDP port of the server; almost all U-Boots use port 69 only.
    package var port: Int
    /// This program's path, quoted for a shell, for the advice in errors.
    package var program: String
    private let progress = Progress()
    /// The most attempts to load the image.
    static let attempts = 3

    package init(
        file: BootFile, memory: UInt64? = nil, variables: [Variable] = [], board: IPv4Address? = nil,
        host: IPv4Address? = nil,
        interfaces: @escaping @Sendable () throws -> [HostInterface], port: Int = 69, program: String = "flashkeep"
    ) {
        self.file = file
        self.memory = memory
        self.variables = variables
        self.board = board
        self.host = host
        self.interfaces = interfaces
        self.port = port
        self.program = program
    }

    /// Loads and starts the image, and returns when the started system has fallen silent.
    ///
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`, `imageUnsuitable`, `portUnavailable`, `commandFailed`, and
    ///   errors of the line.
    func run(
        _ session: UBootSession, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) async throws {
        let starter = try await UBootStarter.learn(session)
        if let refusal = starter.refusal(of: file.image, file: file.path.string, address: memory) { throw refusal }
        let memory = try memory ?? starter.place(for: file.image, file: file.path.string)
        for variable in variables { try await starter.set(variable.name, to: variable.value) }
        let plan = try UBootNetworkPlan(
            variables: starter.variables, interfaces: try interfaces(), board: board, host: host,
            hardwareAddress: UBootNetworkPlan.hardwareAddress(environment.nonce()))
        let catalog = TFTPCatalog()
        catalog.offer(file.name, file: file.path)
        let seen = Seen()
        notify(
            .note("the board (\(plan.board)) loads \(file.path.lastComponent?.string ?? file.name) from \(plan.host)"))
        try await withTFTPServer(
            catalog, TFTPServer.Configuration(addresses: ["\(plan.host)"], port: port, program: program),
            observer: { event in
                seen.note(event.client)
                if case .advanced(let bytes, let size) = event.kind {
                    notify(.advanced(done: bytes, total: size))
                }
            }
        ) { _ in
            try await starter.set(plan)
            try await load(starter, to: memory, plan, seen)
        }
        notify(.note("\(file.image.summary) is in the board's RAM and is being started"))
        try await starter.start(file.image, at: memory)
        try await starter.follow()
    }

    private func load(_ starter: UBootStarter, to memory: UInt64, _ plan: UBootNetworkPlan, _ seen: Seen) async throws {
        var last = UBootStarter.Load.damaged
        for _ in 0..<Self.attempts {
            last = try await starter.load(file.name, to: memory, size: file.image.size, sum: file.sum)
            switch last {
            case .done: return
            case .failed(.noEthernet), .failed(.notSet), .failed(.reservedMemory): throw error(last, plan, seen)
            case .failed, .damaged: continue
            }
        }
        throw error(last, plan, seen)
    }

    /// The clients that requested something.
    private final class Seen: Sendable {
        private let clients = Mutex<Set<String>>([])
        func note(_ client: String) { clients.withLock { _ = $0.insert(client) } }
        func contains(_ client: String) -> Bool { clients.withLock { $0.contains(client) } }
    }

    private func error(_ load: UBootStarter.Load, _ plan: UBootNetworkPlan, _ seen: Seen) -> FlashkeepError {
        let what = "The board could not load the image over TFTP."
        guard case .failed(let outcome) = load else {
            return FlashkeepError(
                .commandFailed, what: what, why: "It arrived with a wrong CRC-32, \(Self.attempts) times.",
                next:
                    "The board's RAM or its network is faulty, or the address range is in use; try another cable."
            )
        }
        let words = outcome.words(
            plan, port: port, hasAsked: seen.contains("\(plan.board)"),
            otherwise: "Back up directly from U-Boot: omit --image.")
        return FlashkeepError(words.code, what: what, why: words.why, next: words.next)
    }
}
