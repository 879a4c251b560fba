package import BoardChannels
private import HTTPFlash
package import LinuxFlash
private import Synchronization
package import Transfers

/// A file of the board's web server.
private struct FetchedWebFile: FetchedFile {
    let file: WebFile
    func next() async throws -> [UInt8]? { try await file.next() }
}

/// This computer's port for a board's Linux that sends its flash.
package final class LocalStreamHost: LinuxNetworkHost {
    private let listInterfaces: @Sendable () throws -> [HostInterface]
    private let open = Mutex<(address: IPv4Address, listener: StreamListener)?>(nil)

    package init(interfaces: @escaping @Sendable () throws -> [HostInterface]) {
        listInterfaces = interfaces
    }

    package func interfaces() throws -> [HostInterface] { try listInterfaces() }

    package func listen(at address: IPv4Address) async throws -> Int {
        if let open = open.withLock({ $0 }), open.address == address { return open.listener.port }
        await close()
        let listener = try await StreamListener.open(host: "\(address)")
        open.withLock { $0 = (address, listener) }
        return listener.port
    }

    package func expect(_ word: String, from senders: Set<IPv4Address>) -> IncomingStream? {
        open.withLock { $0?.listener }?.expect(word: word, from: Set(senders.map(\.description)))
    }

    package func fetch(_ url: String) async throws -> any FetchedFile {
        FetchedWebFile(file: try await WebFile.open(url))
    }

    package func close() async {
        let open = open.withLock { open in
            defer { open = nil }
            return open
        }
        await open?.listener.close()
    }
}
