/// A request to a board's web server.
///
/// All requests that exist are made here, and each only reads. A board may take anything else that is sent to it for an
/// order to write flash.
struct HTTPRequest: Sendable {
    enum Content: Sendable {
        /// GET.
        case none
        /// POST of JSON.
        case json([UInt8])
        /// POST of `application/x-www-form-urlencoded`.
        case form([Field])
        /// POST of `multipart/form-data`.
        case parts([Field])
    }

    /// A field of a form.
    struct Field: Sendable {
        var name: String
        var value: String
        /// Whether the value must not appear in a transcript.
        var isSecret = false
    }

    let address: WebAddress
    let content: Content
    /// Header lines besides the usual ones.
    let headers: [String]
    /// Whether it has a password or a session: such a request follows no redirect.
    let hasSecret: Bool
    /// Whether a packed reply is unpacked: a page's is, a dump's would not be what lies on the flash.
    let unpacks: Bool

    /// Whether the reply has a new secret, so that it must not appear in a transcript.
    let hidesReply: Bool

    private init(
        _ address: WebAddress, _ content: Content = .none, headers: [String] = [], hasSecret: Bool = false,
        unpacks: Bool = false, hidesReply: Bool = false
    ) {
        self.hidesReply = hidesReply
        self.address = address
        self.content = content
        self.headers = headers
        self.hasSecret = hasSecret
        self.unpacks = unpacks
    }

    /// The same request to another address, as after a redirect.
    func moved(to address: WebAddress) -> HTTPRequest {
        HTTPRequest(
            address, content, headers: headers, hasSecret: hasSecret, unpacks: unpacks, hidesReply: hidesReply)
    }

    /// `GET` or `POST`.
    var method: String {
        if case .none = content { "GET" } else { "POST" }
    }

    // MARK: Pages and files

    /// A page, or another short text.
    static func page(_ address: WebAddress) -> HTTPRequest { HTTPRequest(address, unpacks: true) }

    /// A file from an offset on, if the server can do that.
    ///
    /// - Parameter offset: in bytes; 0 asks for the whole file.
    static func file(_ address: WebAddress, from offset: Int = 0) -> HTTPRequest {
        HTTPRequest(address, headers: offset > 0 ? ["Range: bytes=\(offset)-"] : [])
    }

    // MARK: LuCI with ubus

    /// A call of ubus: logging in, or one of the read-only calls of ``UbusCall``.
    static func ubus(_ address: WebAddress, _ json: [UInt8], isLogin: Bool) -> HTTPRequest {
        HTTPRequest(
            address, .json(json), headers: ["Content-Type: application/json"], hasSecret: true, unpacks: true,
            hidesReply: isLogin)
    }

    /// The contents of a block device, by `cgi-download` (cgi-io `main.c`, main_download).
    ///
    /// - Parameter number: of the MTD device.
    static func download(_ address: WebAddress, session: String, mtdblock number: Int) -> HTTPRequest {
        HTTPRequest(
            address,
            .form([
                Field(name: "sessionid", value: session, isSecret: true),
                Field(name: "path", value: "/dev/mtdblock\(number)"),
                Field(name: "mimetype", value: "application/octet-stream"),
            ]), hasSecret: true)
    }

    // MARK: LuCI in Lua

    /// The login form (LuCI `luasrc/dispatcher.lua`).
    static func login(_ address: WebAddress, user: String, password: String) -> HTTPRequest {
        HTTPRequest(
            address,
            .form([
                Field(name: "luci_username", value: user),
                Field(name: "luci_password", value: password, isSecret: true),
            ]), hasSecret: true, unpacks: true, hidesReply: true)
    }

    /// A page of the session.
    static func page(_ address: WebAddress, cookie: String) -> HTTPRequest {
        HTTPRequest(address, headers: ["Cookie: \(cookie)"], hasSecret: true, unpacks: true, hidesReply: true)
    }

    /// The contents of an MTD device (luci-mod-admin-full `controller/admin/system.lua`, action_backupmtdblock).
    ///
    /// - Parameter choice: `LABEL/SIZE/N`, as the page offers it.
    static func backup(_ address: WebAddress, cookie: String, token: String, choice: String) -> HTTPRequest {
        HTTPRequest(
            address,
            .form([
                Field(name: "token", value: token, isSecret: true), Field(name: "mtdblockname", value: choice),
            ]), headers: ["Cookie: \(cookie)"], hasSecret: true)
    }

    // MARK: MediaTek's failsafe pages

    /// A range of an MTD device (bl-mt798x-dhcpd `failsafe/modules/backup.c`, backup_handler).
    ///
    /// - Parameter range: in bytes.
    static func failsafeRange(_ address: WebAddress, of name: String, _ range: Range<Int>) -> HTTPRequest {
        HTTPRequest(
            address,
            .parts([
                Field(name: "mode", value: "range"), Field(name: "storage", value: "mtd"),
                Field(name: "target", value: "mtd:\(name)"), Field(name: "start", value: "\(range.lowerBound)"),
                Field(name: "end", value: "\(range.upperBound)"),
            ]))
    }

    /// One of the questions that its console is asked (`failsafe/modules/console.c`).
    static func failsafeConsole(_ address: WebAddress, _ question: FailsafeQuestion) -> HTTPRequest {
        HTTPRequest(address, .parts([Field(name: "cmd", value: question.command)]), unpacks: true)
    }

    /// What the console has printed since the last time.
    static func failsafeOutput(_ address: WebAddress) -> HTTPRequest {
        // The loader takes only forms by POST, and one needs a field.
        HTTPRequest(address, .parts([Field(name: "poll", value: "1")]), unpacks: true)
    }
}

/// A command that is typed on the console of MediaTek's failsafe pages. There are no others.
enum FailsafeQuestion: Sendable, Hashable {
    /// The MTD devices, their erase blocks, and the partitions.
    case devices
    /// The bad blocks of a device.
    case badBlocks(DeviceName)

    /// A name that is one word to U-Boot, and nothing else (`common/cli_simple.c`).
    struct DeviceName: Sendable, Hashable {
        let text: String

        init?(_ text: String) {
            let isPlain = text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
            guard isPlain, (1...64).contains(text.utf8.count), !text.hasPrefix("-") else { return nil }
            self.text = text
        }
    }

    var command: String {
        switch self {
        case .devices: "mtd list"
        case .badBlocks(let name): "mtd bad \(name.text)"
        }
    }
}
