private import BoardChannels
private import HTTPFlash
package import LinuxFlash
private import Synchronization
package import Transfers

/// This computer's services for a board's Linux that sends its flash: each port is opened when it is first needed.
package final class LocalStreamHost: LinuxNetworkHost {
    private struct Open: Sendable {
        var service: LinuxStreamService
        var address: IPv4Address
        var port: Int
        var end: @Sendable () async -> Void
        var expect: @Sendable (_ word: String, _ senders: Set<String>) -> any ExpectedStream
    }

    private let listInterfaces: @Sendable () throws -> [HostInterface]
    private let state = Mutex<Open?>(nil)

    package init(interfaces: @escaping @Sendable () throws -> [HostInterface]) {
        listInterfaces = interfaces
    }

    package func interfaces() throws -> [HostInterface] { try listInterfaces() }

    package func listen(_ service: LinuxStreamService, at address: IPv4Address) async throws -> Int {
        if let open = state.withLock({ $0 }), open.service == service, open.address == address { return open.port }
        await close()
        let open =
            switch service {
            case .tcp: try await Self.tcp(address)
            case .tftp:
                try await Self.uploads(service, address) { content, serving in
                    let configuration = TFTPServer.Configuration(addresses: ["\(address)"], port: 0)
                    try await withTFTPServer(content, configuration) { await serving($0.port) }
                }
            case .ftp:
                try await Self.uploads(service, address) { content, serving in
                    try await withFTPServer(content, host: "\(address)") { await serving($0) }
                }
            }
        state.withLock { $0 = open }
        return open.port
    }

    private static func tcp(_ address: IPv4Address) async throws -> Open {
        let listener = try await StreamListener.open(host: "\(address)")
        return Open(
            service: .tcp, address: address, port: listener.port, end: { await listener.close() },
            expect: { listener.expect(word: $0, from: $1) })
    }

    private static func uploads(
        _ service: LinuxStreamService, _ address: IPv4Address,
        _ run: @escaping @Sendable (TFTPCatalog, _ serving: @Sendable (Int) async -> Void) async throws -> Void
    ) async throws -> Open {
        let catalog = TFTPCatalog()
        let server = try await BackgroundServer.start { serving in try await run(catalog, serving) }
        let last = Mutex<String?>(nil)
        return Open(
            service: service, address: address, port: server.port, end: { await server.stop() },
            expect: { word, senders in
                last.withLock { last in
                    if let last { catalog.withdraw(last) }
                    last = word
                }
                let stream = UploadStream()
                stream.expect(word, from: senders, in: catalog)
                return stream
            })
    }

    package func expect(_ word: String, from senders: Set<IPv4Address>) -> (any ExpectedStream)? {
        state.withLock { $0 }?.expect(word, Set(senders.map(\.description)))
    }

    package func fetch(_ url: String) async throws -> any FetchedFile {
        FetchedWebFile(file: try await WebFile.open(url))
    }

    package func close() async {
        let open = state.withLock { open in
            defer { open = nil }
            return open
        }
        await open?.end()
    }
}

/// A file of the board's web server.
private struct FetchedWebFile: FetchedFile {
    let file: WebFile
    func next() async throws -> [UInt8]? { try await file.next() }
}
