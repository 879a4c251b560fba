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

    /// - Parameters:
    ///   - destination: the address to ask; all hosts of a network.
    ///   - port: of the loader.
    ///   - patience: how long answers are waited for; a loader listens for five seconds.
    package init(
        interfaces: @escaping @Sendable () throws -> [HostInterface] = { try HostNetwork.interfaces() },
        destination: String = "255.255.255.255", port: Int = EVADiscovery.port,
        patience: Duration = .milliseconds(400)
    ) {
        self.interfaces = interfaces
        self.destination = destination
        self.port = port
        self.patience = patience
    }

    package func find() async throws -> IPv4Address? {
        for interface in try interfaces() where !interface.isLoopback {
            for answer in try await answers(in: interface)
            where EVADiscovery.isAnswer(answer.bytes, from: answer.sender) {
                return answer.sender
            }
        }
        return nil
    }

    private func answers(in interface: HostInterface) async throws -> [DatagramQuestion.Answer] {
        do {
            // The loader answers at its own port, too.
            return try await DatagramQuestion.ask(
                EVADiscovery.questions, at: destination, port: port, from: interface.address, ownPort: port,
                patience: patience)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw FlashkeepError(
                .portUnavailable, what: "Cannot look for the bootloader by UDP port \(port) of \(interface.address).",
                why: SystemErrorText.words(for: error), next: "Give its address: eva://192.168.178.1")
        }
    }

    package func reaches(_ address: IPv4Address) throws -> Bool {
        try interfaces().contains { $0.reaches(address) }
    }
}
