private import CCurl
internal import Dispatch
internal import FlashModel
private import Glibc
private import Synchronization

/// One request and its reply. The body comes in pieces, only as fast as it is taken.
final class HTTPTransfer: Sendable {
    /// A piece of a reply's body.
    enum Piece: Sendable {
        /// At least one byte.
        case bytes([UInt8])
        /// The body is complete, as far as the server said how long it would be.
        case end
        /// The connection ended before the body did.
        case cut(why: String)
    }

    private struct State {
        var head: HTTPHead?
        /// What came behind the head before it was asked for.
        var waiting: Piece?
        /// The time spent waiting since the last check, and the number of bytes received in it.
        var waited: Duration = .zero
        var came = 0
    }

    /// What a step brings.
    private struct Step: Sendable {
        var bytes: [UInt8]
        /// A code of the library, or one of ours.
        var result: CInt
    }

    /// The transfer's pointer, as a number that may cross threads. Only one thread at a time uses it: that of the queue.
    private let handle: UInt
    /// A serial queue has its own thread while it works; Swift's own threads must not block.
    private let queue = DispatchQueue(label: "flashkeep.http")
    private let state = Mutex(State())
    let request: HTTPRequest
    private let limits: WebLimits
    private let clock = ContinuousClock()

    /// The most milliseconds of a step: how long a cancelled task may have to wait.
    private static let stepLimit: CInt = 200

    /// - Parameter credentials: for basic or digest authentication.
    /// - Throws: ``FlashkeepError`` with `programMissing` or `internalFault`.
    init(
        _ request: HTTPRequest, _ settings: WebSettings, credentials: (user: String, password: String)? = nil
    ) throws {
        try CurlLibrary.check()
        self.request = request
        limits = settings.limits
        guard let pointer = unsafe flashkeep_transfer_new(request.address.url) else { throw Self.noMemory }
        handle = UInt(bitPattern: pointer)
        let (seconds, attoseconds) = limits.connection.components
        unsafe flashkeep_transfer_connect_limit(
            pointer, Int(clamping: seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000))
        for line in request.headers + ["Expect:", "Cache-Control: no-cache"] {
            unsafe flashkeep_transfer_header(pointer, line)
        }
        if request.unpacks {
            unsafe flashkeep_transfer_unpack(pointer)
        } else {
            unsafe flashkeep_transfer_header(pointer, "Accept-Encoding: identity")
        }
        if let key = settings.serverKey { unsafe flashkeep_transfer_key(pointer, key) }
        if let credentials {
            unsafe flashkeep_transfer_credentials(pointer, credentials.user, credentials.password)
        }
        switch request.content {
        case .none: break
        case .json(let bytes): unsafe Self.send(bytes, pointer)
        case .form(let fields):
            let pairs = fields.map { PercentEncoding.encoded($0.name) + "=" + PercentEncoding.encoded($0.value) }
            unsafe Self.send(Array(pairs.joined(separator: "&").utf8), pointer)
        case .parts(let fields):
            for field in fields { unsafe flashkeep_transfer_field(pointer, field.name, field.value) }
        }
    }

    deinit {
        unsafe flashkeep_transfer_free(OpaquePointer(bitPattern: handle))
    }

    private static func send(_ bytes: [UInt8], _ pointer: OpaquePointer) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe flashkeep_transfer_body(pointer, buffer.baseAddress, buffer.count)
        }
    }

    private static var noMemory: FlashkeepError {
        FlashkeepError(
            .internalFault, what: "The web server cannot be asked.", why: "There is no memory for it.",
            next: "End other programs and run the command again.")
    }

    // MARK: The reply

    /// Waits for the status and the headers.
    ///
    /// - Throws: ``FlashkeepError`` with `hostNotFound`, `connectionRefused`, `hostUnreachable`, `boardLost`,
    ///   `noReplyInTime` and others; `CancellationError`.
    func head() async throws -> HTTPHead {
        if let head = state.withLock({ $0.head }) { return head }
        let first = try await advance()
        let head = HTTPHead(headBytes)
        guard head.status > 0 else {
            throw WebFailure.notHTTP(request.address, said: "")
        }
        state.withLock { state in
            state.head = head
            state.waiting = first
        }
        return head
    }

    /// The bytes of the status line and the headers, once ``head()`` has returned.
    var headBytes: [UInt8] {
        guard let pointer = unsafe OpaquePointer(bitPattern: handle) else { return [] }
        var count = 0
        guard let start = unsafe flashkeep_transfer_head(pointer, &count) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// Waits for the next piece of the body. After ``Piece/end`` or ``Piece/cut(why:)`` nothing more may be asked for.
    ///
    /// - Throws: as ``head()``.
    func next() async throws -> Piece {
        _ = try await head()
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        if let waiting { return waiting }
        return try await advance()
    }

    /// Advances until there is a piece of the body, or the reply has ended.
    private func advance() async throws -> Piece {
        while true {
            try Task.checkCancellation()
            let start = clock.now
            let step = await step()
            try note(step.bytes.count, after: clock.now - start)
            if !step.bytes.isEmpty { return .bytes(step.bytes) }
            switch step.result {
            case FLASHKEEP_TRANSFER_GOES_ON: continue
            case FLASHKEEP_TRANSFER_DONE: return .end
            default:
                let words = failureWords
                // Once there is a head, a connection that ends may still have brought something.
                if hasHead, WebFailure.isCut(step.result) { return .cut(why: words) }
                throw WebFailure.error(step.result, words: words, isRefused: isRefused, request.address)
            }
        }
    }

    /// Checks that the server sends enough.
    private func note(_ count: Int, after wait: Duration) throws {
        let isStalled = state.withLock { state in
            state.waited += wait
            state.came += count
            guard state.waited >= limits.stall else { return false }
            let isStalled = state.came < limits.leastBytes
            state.waited = .zero
            state.came = 0
            return isStalled
        }
        if isStalled { throw WebFailure.stalled(request.address, limits.stall) }
    }

    // MARK: The library

    private func step() async -> Step {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.work()) }
        }
    }

    private func work() -> Step {
        guard let pointer = unsafe OpaquePointer(bitPattern: handle) else { return Step(bytes: [], result: 2) }
        var count = 0
        var result: CInt = 0
        let room = Int(FLASHKEEP_TRANSFER_ROOM)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
            result = unsafe flashkeep_transfer_step(pointer, buffer.baseAddress, room, Self.stepLimit, &count)
            filled = min(max(0, count), room)
        }
        return Step(bytes: bytes, result: result)
    }

    private var hasHead: Bool {
        guard let pointer = unsafe OpaquePointer(bitPattern: handle) else { return false }
        return unsafe flashkeep_transfer_has_head(pointer) == 1
    }

    /// Whether the host refused the connection.
    private var isRefused: Bool {
        guard let pointer = unsafe OpaquePointer(bitPattern: handle) else { return false }
        return unsafe flashkeep_transfer_system_error(pointer) == ECONNREFUSED
    }

    private var failureWords: String {
        guard let pointer = unsafe OpaquePointer(bitPattern: handle),
            let words = unsafe flashkeep_transfer_failure(pointer)
        else { return "" }
        return PrintableText.escaped(unsafe String(cString: words), limit: 200)
    }
}
