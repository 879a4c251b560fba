import NIOCore
import Synchronization
import SystemPackage

/// The transfers of a server: which are active, how many are allowed, and each from its request to its end.
final class TFTPTransfers: Sendable {
    private struct State {
        var clients: [SocketAddress: Int] = [:]
        var perHost: [String: Int] = [:]
        var mailboxes: [SocketAddress: TFTPMailbox] = [:]
        /// Transfers that do not count: those that are done, and only wait in case the client missed the last ACK (RFC
        /// 1350 section 6), and silent ones that were ended for others; the oldest first.
        var resting: [(client: SocketAddress, host: String)] = []
        var requests = 0
        var isStopped = false
    }

    private let content: any TFTPContent
    private let configuration: TFTPServer.Configuration
    private let events: @Sendable (TFTPEvent) -> Void
    private let state = Mutex(State())

    init(
        content: any TFTPContent, configuration: TFTPServer.Configuration,
        events: @escaping @Sendable (TFTPEvent) -> Void
    ) {
        self.content = content
        self.configuration = configuration
        self.events = events
    }

    private static let stopping = TFTPError(.undefined, "The server is shutting down.")
    private static let givingWay = TFTPError(.undefined, "Nothing came for a while, and others are waiting.")

    /// Whether a request starts a transfer. If so, ``serve(_:)`` must follow.
    func admits(_ arrival: TFTPListener.Arrival) -> Bool {
        enum Answer { case yes, known, tooMany }
        let (answer, ended) = state.withLock { state -> (Answer, TFTPMailbox?) in
            // A repeated request: its transfer is in progress.
            if state.isStopped || state.clients[arrival.client] != nil { return (.known, nil) }
            let resting = state.resting.count { $0.host == arrival.host }
            let isFull = state.clients.count - state.resting.count >= configuration.transferLimit
            let isHostFull =
                state.perHost[arrival.host, default: 0] - resting >= configuration.transferLimitPerClient
            var ended: TFTPMailbox?
            if isFull || isHostFull {
                // A client that sends request after request, each from another port, must not keep others out.
                guard let silent = silent(in: state, of: isHostFull ? arrival.host : nil) else {
                    return (.tooMany, nil)
                }
                ended = state.mailboxes[silent.client]
                state.resting.append(silent)
            }
            state.requests += 1
            state.clients[arrival.client] = state.requests
            state.perHost[arrival.host, default: 0] += 1
            guard ended == nil, state.clients.count > configuration.transferLimit, !state.resting.isEmpty else {
                return (.yes, ended)
            }
            return (.yes, state.mailboxes[state.resting.removeFirst().client])
        }
        ended?.stop(Self.givingWay)
        if answer == .tooMany {
            Self.answer(arrival, TFTPError(.undefined, "Too many transfers at once; try again later."))
        }
        return answer == .yes
    }

    /// The transfer whose client has been silent for longest, and long enough to give way; nil if there is none.
    ///
    /// - Parameter host: of the client; nil for any.
    private func silent(in state: State, of host: String?) -> (client: SocketAddress, host: String)? {
        let resting = Set(state.resting.map(\.client))
        let silences = state.mailboxes.compactMap { client, mailbox -> (client: SocketAddress, time: Duration)? in
            let silence = mailbox.silence
            guard silence >= configuration.silenceBeforeGivingWay, !resting.contains(client),
                host == nil || client.ipAddress == host
            else { return nil }
            return (client, silence)
        }
        return silences.max { $0.time < $1.time }.map { ($0.client, $0.client.ipAddress ?? "") }
    }

    /// Records that a transfer is done and only waits.
    private func rest(_ arrival: TFTPListener.Arrival) {
        state.withLock { state in
            guard state.clients[arrival.client] != nil,
                !state.resting.contains(where: { $0.client == arrival.client })
            else { return }
            state.resting.append((arrival.client, arrival.host))
        }
    }

    /// Ends all transfers, and informs their clients.
    func stop() {
        let mailboxes = state.withLock { state in
            state.isStopped = true
            return Array(state.mailboxes.values)
        }
        for mailbox in mailboxes { mailbox.stop(Self.stopping) }
    }

    /// Serves an admitted request to its end.
    func serve(_ arrival: TFTPListener.Arrival) async {
        defer {
            state.withLock { state in
                state.clients[arrival.client] = nil
                state.mailboxes[arrival.client] = nil
                state.resting.removeAll { $0.client == arrival.client }
                let left = state.perHost[arrival.host, default: 1] - 1
                state.perHost[arrival.host] = left > 0 ? left : nil
            }
        }
        let number = state.withLock { $0.clients[arrival.client] } ?? 0
        let reporter = TFTPReporter(
            events: { [self, events] event in
                if case .done = event.kind { rest(arrival) }
                events(event)
            }, number: number, client: arrival.host, name: arrival.request.name,
            direction: arrival.direction)
        do {
            guard arrival.request.mode.lowercased() == "octet" else {
                throw TFTPError(
                    .illegalOperation,
                    "Only binary transfers (octet) are possible here: netascii would damage the file.")
            }
            switch arrival.direction {
            case .read: try await send(arrival, reporter)
            case .write: try await receive(arrival, reporter)
            }
        } catch {
            let error = Self.told(error)
            reporter.tell(.refused(error))
            Self.answer(arrival, error)
        }
    }

    private func send(_ arrival: TFTPListener.Arrival, _ reporter: TFTPReporter) async throws {
        let source = try await content.open(reading: arrival.request.name, client: arrival.host)
        do {
            // curl treats a size of 0 in an answer as an error.
            let told = source.size == 0 ? nil : source.size
            let terms = TFTPNegotiation.terms(
                for: arrival.request.options, size: told, limits: configuration.sending)
            let sending = TFTPSending(terms: terms, patience: configuration.patience, size: source.size)
            // Acknowledgements are small.
            try await run(
                arrival, TFTPSendingWork(sending, source), reporter, size: source.size, packetSize: 1_024,
                readsAtOnce: 1)
        } catch {
            await source.close()
            throw error
        }
        await source.close()
    }

    private func receive(_ arrival: TFTPListener.Arrival, _ reporter: TFTPReporter) async throws {
        let size = TFTPNegotiation.announcedSize(arrival.request.options)
        // Some clients announce 0 if they do not know the size.
        let announced = size == 0 ? nil : size
        let sink = try await content.open(
            writing: arrival.request.name, size: announced, client: arrival.host)
        let terms = TFTPNegotiation.terms(for: arrival.request.options, size: size, limits: configuration.receiving)
        let receiving = TFTPReceiving(terms: terms, patience: configuration.patience)
        let isCommitted: Bool
        do {
            // One extra byte reveals a block that is too large.
            let packetSize = max(1_536, terms.blockSize + TFTPPacket.headerSize + 1)
            isCommitted = try await run(
                arrival, TFTPReceivingWork(receiving, sink), reporter, size: announced, packetSize: packetSize,
                readsAtOnce: min(terms.windowSize, TFTPSocket.atOnce))
        } catch {
            await sink.discard()
            throw error
        }
        if !isCommitted { await sink.discard() }
    }

    /// Runs a transfer on its own port.
    ///
    /// - Returns: whether the upload is final.
    @discardableResult
    private func run<Work: TFTPWork>(
        _ arrival: TFTPListener.Arrival, _ work: Work, _ reporter: TFTPReporter, size: Int?, packetSize: Int,
        readsAtOnce: Int
    ) async throws -> Bool {
        let mailbox: TFTPMailbox
        do {
            let socket = try Self.port(for: arrival)
            do {
                mailbox = try TFTPMailbox(socket)
            } catch {
                socket.close()
                throw error
            }
        } catch {
            throw TFTPError(.undefined, "No port is available for this transfer.")
        }
        let isStopped = state.withLock { state in
            state.mailboxes[arrival.client] = mailbox
            return state.isStopped
        }
        if isStopped { mailbox.stop(Self.stopping) }
        return await TFTPTransferRun<Work>.run {
            TFTPTransferRun(
                work: work, client: arrival.client, packetSize: packetSize, readsAtOnce: readsAtOnce,
                size: size, reporter: reporter, mailbox: mailbox)
        }
    }

    /// Opens a port on the address that the request was sent to, because clients accept no other; if that is
    /// impossible, as with a broadcast, on the one that the system chooses.
    private static func port(for arrival: TFTPListener.Arrival) throws -> TFTPSocket {
        if let asked = arrival.asked, !asked.isMulticast, !isBroadcast(asked) {
            var own = asked
            own.port = 0
            if let socket = try? TFTPSocket(on: own) { return socket }
        }
        let any = arrival.client.protocol == .inet6 ? "::" : "0.0.0.0"
        return try TFTPSocket(on: SocketAddress(ipAddress: any, port: 0))
    }

    /// Linux can bind a port to a broadcast address, but then nothing else is received there.
    private static func isBroadcast(_ address: SocketAddress) -> Bool {
        let text = address.ipAddress
        if text == "255.255.255.255" { return true }
        return ((try? System.enumerateDevices()) ?? []).contains { device in
            device.broadcastAddress?.ipAddress == text && device.address?.ipAddress != text
        }
    }

    /// The error to send to the client.
    static func told(_ error: any Error) -> TFTPError {
        error as? TFTPError ?? TFTPError(.undefined, "The server cannot do that.")
    }

    private static func answer(_ arrival: TFTPListener.Arrival, _ error: TFTPError) {
        let envelope = AddressedEnvelope(
            remoteAddress: arrival.client, data: TFTPPacket.error(error).datagram)
        arrival.listener.writeAndFlush(envelope, promise: nil)
    }
}

/// Reports the events of one transfer.
struct TFTPReporter: Sendable {
    let events: @Sendable (TFTPEvent) -> Void
    let number: Int
    let client: String
    let name: String
    let direction: TFTPEvent.Direction

    func tell(_ kind: TFTPEvent.Kind) {
        events(TFTPEvent(number: number, client: client, name: name, direction: direction, kind: kind))
    }
}
