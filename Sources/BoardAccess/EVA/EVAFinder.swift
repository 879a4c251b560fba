import BoardChannels
import EVAFlash
import FlashModel
package import Transfers

/// Asks for AVM's loaders in each network of this computer.
package struct EVAFinder: EVAFinding {
    private let interfaces: @Sendable () throws -> [HostInterface]
    private let destination: String
    private let port: Int
    private let patience: Duration

    /// The most networks that are asked.
    private static let mostInterfaces = 32

    /// What came of asking in one network.
    private enum Result: Sendable {
        case answers([DatagramQuestion.Answer])
        case failed(FlashkeepError)
    }

    /// - Parameters:
    ///   - interfaces: of this computer; those that are its own alone are not asked.
    ///   - destination: the address to ask; all hosts of a network.
    ///   - port: of the loader.
    ///   - patience: how long answers are waited for; a loader listens for five seconds.
    package init(
        interfaces: @escaping @Sendable () throws -> [HostInterface] = {
            try HostNetwork.interfaces().filter { !$0.isLoopback }
        },
        destination: String = "255.255.255.255", port: Int = EVADiscovery.port,
        patience: Duration = .milliseconds(400)
    ) {
        self.interfaces = interfaces
        self.destination = destination
        self.port = port
        self.patience = patience
    }

    /// All networks are asked at once: the loader listens for five seconds, and a network in which no port can be opened
    /// must not hide it in another one.
    package func find() async throws -> IPv4Address? {
        let interfaces = try interfaces().prefix(Self.mostInterfaces)
        return try await withThrowingTaskGroup(of: Result.self) { group in
            for interface in interfaces {
                group.addTask { try await answers(in: interface) }
            }
            var failures: [FlashkeepError] = []
            while let result = try await group.next() {
                switch result {
                case .failed(let error): failures.append(error)
                case .answers(let answers):
                    guard let first = answers.first else { continue }
                    group.cancelAll()
                    return first.sender
                }
            }
            if let failure = failures.first, failures.count == interfaces.count { throw failure }
            return nil
        }
    }

    private func answers(in interface: HostInterface) async throws -> Result {
        do {
            // The loader answers at its own port, too.
            return .answers(
                try await DatagramQuestion.ask(
                    EVADiscovery.questions, at: destination, port: port, from: interface.address, ownPort: port,
                    patience: patience, accepts: { EVADiscovery.isAnswer($0.bytes, from: $0.sender) }))
        } catch let error as CancellationError {
            throw error
        } catch {
            return .failed(
                FlashkeepError(
                    .portUnavailable,
                    what: "Cannot look for the bootloader by UDP port \(port) of \(interface.address).",
                    why: SystemErrorText.words(for: error), next: "Give its address: eva://192.168.178.1"))
        }
    }

    package func reaches(_ address: IPv4Address) throws -> Bool {
        try interfaces().contains { $0.reaches(address) }
    }
}
