import BoardConsoles
import FlashAccess
import TestSupport
import Testing
import UBootFlash

/// Events in console output.
@Suite struct UBootConsoleTextTests {
    static func events(_ bytes: [UInt8], prompt: String? = nil) -> [UBootConsoleText.Event] {
        var text = UBootConsoleText(prompt: prompt.map { Array($0.utf8) })
        return text.feed(bytes)
    }

    static func events(_ string: String, prompt: String? = nil) -> [UBootConsoleText.Event] {
        events(Array(string.utf8), prompt: prompt)
    }

    @Test(arguments: [
        ("arm-2026.07-boot", "2026.07", "=> "), ("arm-boot", "2023.01+dfsg-2+deb12u3", "=> "),
        ("arm64-boot", "2023.01+dfsg-2+deb12u3", "=> "),
        ("sabrelite-2013.07-boot", "2013.07", "MX6QSABRELITE U-Boot > "),
        ("sabrelite-2018.03-boot", "2018.03", "=> "), ("sabrelite-boot", "2023.01", "=> "),
        ("vexpress-2011.12-boot", "2011.12", "VExpress# "), ("vexpress-2013.07-boot", "2013.07", "VExpress# "),
        ("vexpress-2018.03-boot", "2018.03", "=> "),
    ])
    func startWithACountdown(name: String, version: String, prompt: String) throws {
        var text = UBootConsoleText()
        let events = text.feed(try UBootTranscript.bytes(name))
        let banners = events.compactMap { if case .banner(let version) = $0 { version.text } else { nil } }
        #expect(banners == [version])
        let stops = events.compactMap { if case .stopPrompt(let stop) = $0 { stop.keys } else { nil } }
        #expect(stops == [[[0x20], [0x03]]])
        #expect(text.promptCandidate == Array(prompt.utf8))
        #expect(!events.contains(.garbage))
        #expect(Self.events(try UBootTranscript.bytes(name), prompt: prompt).last == .prompt)
    }

    @Test(arguments: [
        ("malta-boot", "maltael # "), ("malta-be-boot", "malta # "), ("malta-put-boot", "maltael # "),
    ])
    func startWithoutACountdown(name: String, prompt: String) throws {
        let events = Self.events(try UBootTranscript.bytes(name), prompt: prompt)
        #expect(events.contains(.fact(label: "Board", value: "MIPS Malta CoreLV")))
        #expect(events.contains(.fact(label: "Flash", value: "4 MiB")))
        #expect(events.contains(.defaultEnvironment))
        #expect(events.last == .prompt)
        #expect(!events.contains { if case .stopPrompt = $0 { true } else { false } })
    }

    @Test(arguments: [
        ("Hit any key to stop autoboot:  3 ", ["20", "03"]), ("Hit ESC key to stop autoboot:  1 ", ["1b"]),
        ("Press SPACE to abort autoboot in 3 seconds\r\n", ["20"]),
        ("Autobooting in 2 seconds, press \"<Esc><Esc>\" to stop\r\n", ["1b1b"]),
        ("Autobooting in 1 seconds\r\n", ["74706c"]), ("Hit \"gl\" key to stop booting:  2 ", ["676c"]),
        ("Enter 'noautoboot' to enter prompt without timeout\r\n", ["6e6f6175746f626f6f74"]),
        ("Press Ctrl+C to stop autoboot\r\n", ["03"]), ("Press 's' to stop autoboot:  1 ", ["73"]),
        // CONFIG_AUTOBOOT_PROMPT of boards: Buffalo's and others' i.MX28 and IPQ806x, Bluegiga, a Marvell switch, i.MX51.
        ("Press Ctrl+C to abort autoboot in 3 second(s)\r\n", ["03"]),
        ("Hit keys 'is' to stop autoboot (3 seconds).\r\n", ["6973"]),
        ("Press Ctrl-C in next 1 seconds to enter u-boot prompt...\r\n", ["03"]),
        ("Press DEL to abort autoboot\r\n", ["7f", "1b5b337e"]),
        ("Autoboot in 3 seconds - press 'l' to stop...\r\n", ["6c"]),
        ("autoboot in 1 second (hold 'CTRL^C' to abort)\r\n", ["03"]),
        // TP-Link's IPQ50xx.
        ("Enter magic string to stop autoboot in 1 seconds\r\n", ["74706c"]),
        ("Press Ctrl-C twice within 3 s to enter U-Boot\r\n", ["0303"]),
        ("Autoboot in 3 seconds\r\n", []),
        // A digit is no key: in menus it may write.
        ("Press '2' to stop autoboot\r\n", []),
    ])
    func countdowns(text: String, keys: [String]) throws {
        let events = Self.events(text)
        let stop = try #require(events.compactMap { if case .stopPrompt(let stop) = $0 { stop } else { nil } }.first)
        #expect(stop.keys.map { $0.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() } == keys)
        #expect(events.count == 1)
    }

    @Test(arguments: [
        ("Enter password - autoboot in 2 sec...\r\n", nil), ("Enter password - autoboot in 5 seconds...\r\n", nil),
        ("Enter passphrase to stop autoboot, booting in 2 seconds\r\n", nil),
        ("Enter password to abort autoboot in 2 seconds!\r\n", nil),
        // It prints its own password.
        ("Enter password \"a\" in 2 seconds to stop autoboot\r\n", "a"),
    ])
    func countdownsThatAPasswordStops(text: String, key: String?) {
        let events = Self.events(text)
        #expect(events.count == 1)
        switch events.first {
        case .passwordPrompt(let line): #expect(key == nil && text.hasPrefix(line))
        case .stopPrompt(let stop): #expect(stop.keys == [Array((key ?? "").utf8)])
        default: Issue.record("\(events)")
        }
    }

    @Test(
        "A countdown whose line has no end is recognized in the pause behind it",
        arguments: [
            ("Press ESC within 3 s to stop autoboot", [[0x1B]]),
            ("Press 'f' then 'b' to stop autoboot", [[0x66, 0x62]]),
            ("Enter \"openwrt\" within 3 seconds to stop autoboot", [Array("openwrt".utf8)]),
        ] as [(String, [[UInt8]])])
    func standingCountdowns(text: String, keys: [[UInt8]]) {
        var console = UBootConsoleText()
        #expect(console.feed(Array(text.utf8)) == [])
        guard case .stopPrompt(let stop)? = console.pause().first else {
            Issue.record("\(text)")
            return
        }
        #expect(stop.keys == keys && stop.text == text)
        // Once.
        #expect(console.pause() == [])
    }

    @Test(
        "Lines that may be countdowns are reported in their own words, and no key is taken from them",
        arguments: [
            "Press Ctrl-B to enter Boot Menu...", "Press ESC within 3 s", "Boot Northstar system in 3 seconds",
            "Please press any key to enter the loader",
        ])
    func likelyCountdowns(text: String) {
        #expect(Self.events(text + "\r\n").contains(.likelyStopPrompt(text)))
        var console = UBootConsoleText()
        _ = console.feed(Array(text.utf8))
        #expect(console.pause() == [.likelyStopPrompt(text)])
    }

    @Test(
        "Lines that are none",
        arguments: [
            "Please press Enter to activate this console.", "bootcmd=press any key", "In:    serial", "DRAM:  64 MiB",
            "Press", "type: NOR", "Enter password: ", "Hit:1 http://deb.debian.org/debian bookworm InRelease",
        ])
    func unlikelyCountdowns(text: String) {
        let events = Self.events(text + "\r\n")
        #expect(!events.contains { if case .likelyStopPrompt = $0 { true } else { false } }, "\(events)")
    }

    @Test(
        "What follows the answer to ^C is the prompt, whatever it ends with",
        arguments: [">", "> ", "BOOT:", "uboot % ", String(repeating: "A", count: 150) + "=> ", "-"])
    func promptsAfterAnInterrupt(prompt: String) {
        var text = UBootConsoleText()
        _ = text.feed(Array((prompt + "<INTERRUPT>\r\n" + prompt).utf8))
        #expect(text.promptCandidate == Array(prompt.utf8))
        _ = text.feed(Array("\r\n".utf8))
        // Another line in between: these endings alone prove nothing.
        _ = text.feed(Array(("Bytes transferred\r\n" + prompt).utf8))
        #expect(prompt.hasSuffix("=> ") || text.promptCandidate == nil)
    }

    @Test func noPromptsAfterAnInterrupt() {
        for line in ["Password: ", String(repeating: "A", count: 2_000), ""] {
            var text = UBootConsoleText()
            _ = text.feed(Array(("<INTERRUPT>\r\n" + line).utf8))
            #expect(text.promptCandidate == nil)
        }
    }

    @Test(arguments: [
        "bootcmd=run x; echo to stop autoboot press y\r\n".replacing("autoboot", with: "all"), "autoboot=yes\r\n",
        "Hit any key\r\n", "Bank # 1: CFI\r\n", "setenv x to abort\r\n",
    ])
    func noCountdowns(text: String) {
        #expect(!Self.events(text).contains { if case .stopPrompt = $0 { true } else { false } })
    }

    @Test func menusOfDigits() {
        let text = """
            Please choose the operation: \r
               1: Load system code to SDRAM via TFTP. \r
               2: Load system code then write to Flash via TFTP. \r
               3: Boot system code via Flash (default).\r
               4: Entr boot command line interface.\r
               7: Load Boot Loader code then write to Flash via Serial. \r

            """
        #expect(Self.events(text) == [.menu(commandLineKey: nil), .menu(commandLineKey: 0x34)])
    }

    @Test func deathAndRestart() throws {
        let events = Self.events(
            try UBootTranscript.bytes("vexpress-2013.07-data-abort-reset"), prompt: "VExpress# ")
        let kinds = events.compactMap { event -> String? in
            switch event {
            case .exception: "exception"
            case .reset: "reset"
            case .banner: "banner"
            case .stopPrompt: "stop"
            case .prompt: "prompt"
            default: nil
            }
        }
        #expect(kinds == ["prompt", "exception", "reset", "reset", "banner", "stop", "prompt"])
        let malta = Self.events(try UBootTranscript.bytes("malta-cp-odd-address"), prompt: "maltael # ")
        #expect(malta.contains(.exception("Ooops:")))
        #expect(malta.last == .reset("### ERROR ### Please RESET the board ###"))
    }

    @Test func errorsAndInterrupts() throws {
        let errors = Self.events(try UBootTranscript.bytes("malta-errors"), prompt: "maltael # ")
        #expect(errors.contains(.unknownCommand("nosuchcommand")))
        #expect(errors.count { if case .unknownCommand = $0 { true } else { false } } == 6)
        #expect(errors.contains(.interrupted))
        let interrupts = Self.events(try UBootTranscript.bytes("malta-ctrlc"), prompt: "maltael # ")
        #expect(interrupts.count { $0 == .interrupted } == 3)
        #expect(Self.events(try UBootTranscript.bytes("malta-line-too-long")).contains(.bell))
        #expect(Self.events("** Too many args (max. 16) **\r\n") == [.tooManyArguments])
        #expect(
            Self.events(try UBootTranscript.bytes("malta-put-baudrate")).filter {
                if case .rateChange = $0 { true } else { false }
            } == [.rateChange(57600), .rateChange(9600), .rateChange(115_200)])
    }

    @Test func prompts() throws {
        var text = UBootConsoleText(prompt: Array("=> ".utf8))
        // Text that ends like the prompt is not one.
        #expect(text.feed(Array("crc32 for 0 ... 1 ==> ".utf8)) == [])
        #expect(text.feed(Array("\r\n==> ".utf8)) == [])
        #expect(text.endsWithPrompt)
        #expect(text.feed(Array("\r\n\r=> ".utf8)) == [.prompt])
        #expect(!text.endsWithPrompt)
        // Not repeated after typing.
        #expect(text.feed(Array("m\u{8}".utf8)) == [])
        var other = UBootConsoleText(prompt: Array("=> ".utf8))
        _ = other.feed(Array(try UBootTranscript.bytes("sandbox-2026.07-nand-prompt-not-at-line-start").prefix(46)))
        #expect(String(decoding: other.openLine, as: UTF8.self) == "NAND erase.part: => ")
        #expect(other.endsWithPrompt)
        #expect(Self.events("PASSWD :") == [.passwordPrompt("PASSWD :")])
        // Other prompts are left to their own recognizers.
        #expect(Self.events("\r\nOpenWrt login: ") == [])
        var open = UBootConsoleText()
        _ = open.feed(Array("x\r\n> ".utf8))
        #expect(open.isContinuation)
        #expect(open.promptCandidate == nil)
    }

    @Test func otherRate() throws {
        var random = SplitMix64(state: 1)
        let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(Self.events(noise).contains(.garbage))
        #expect(Self.events([UInt8](repeating: 0, count: 40)).contains(.garbage))
        for (name, bytes) in try UBootTranscript.all() {
            #expect(!Self.events(bytes).contains(.garbage), "\(name)")
        }
    }

    @Test func networkConsoleAndOthers() {
        #expect(Self.events("In:    serial,nc\r\n") == [.networkConsole("In:    serial,nc")])
        #expect(Self.events("Starting kernel ...\r\n") == [.systemStart("Starting kernel ...")])
        let redboot = "== Executing boot script in 1.000 seconds - enter ^C to abort\r\n"
        #expect(Self.events(redboot) == [])
        let breed = Array("Breed Version: 1.1 (r1266)\r\n".utf8)
        var recognizers = ForeignBootloader.all
        #expect(
            recognizers.indices.filter { !recognizers[$0].take(breed).isEmpty }.map { recognizers[$0].name }
                == ["Breed"])
    }

    // MARK: Every chunking gives the same events

    /// The events of the bytes, split at these positions.
    private static func events(_ bytes: [UInt8], cutAt cuts: [Int], prompt: [UInt8]) -> [UBootConsoleText.Event] {
        var text = UBootConsoleText(prompt: prompt)
        var events: [UBootConsoleText.Event] = []
        var start = 0
        for end in cuts + [bytes.count] {
            events += text.feed(bytes[start..<end])
            start = end
        }
        return events
    }

    /// Splits the text around each event, at every position near it.
    private static func checkCutsAroundEvents(_ bytes: [UInt8], prompt: [UInt8]) {
        var before = UBootConsoleText(prompt: prompt)
        var fed = 0
        var teller = before
        for (index, byte) in bytes.enumerated() where !teller.feed(CollectionOfOne(byte)).isEmpty {
            let start = max(fed, index - 48)
            let end = min(bytes.count, index + 24)
            for byte in bytes[fed..<start] { _ = before.feed(CollectionOfOne(byte)) }
            fed = start
            var whole = before
            let events = whole.feed(bytes[start..<end])
            for cut in max(start, index - 20)..<min(end, index + 4) {
                var text = before
                if text.feed(bytes[start..<cut]) + text.feed(bytes[cut..<end]) != events
                    || text.openLine != whole.openLine || text.promptCandidate != whole.promptCandidate
                {
                    Issue.record("cut at \(cut)")
                }
            }
        }
    }

    static let recordings = ((try? UBootTranscript.all()) ?? [:]).keys.sorted()

    @Test(arguments: recordings) func everyChunking(name: String) throws {
        let bytes = try UBootTranscript.bytes(name)
        var random = SplitMix64(state: UInt64(bytes.count))
        let prompt = Array((UBootRecordingsTests.prompt(bytes) ?? "=> ").utf8)
        let whole = Self.events(bytes, cutAt: [], prompt: prompt)
        #expect(Self.events(bytes, cutAt: Array(bytes.indices), prompt: prompt) == whole, "byte by byte")
        let isShort = bytes.count <= 300
        let cuts = isShort ? Array(bytes.indices) : (0..<4).map { _ in Int.random(in: bytes.indices, using: &random) }
        for cut in cuts where Self.events(bytes, cutAt: [cut], prompt: prompt) != whole {
            Issue.record("cut at \(cut)")
        }
        if !isShort { Self.checkCutsAroundEvents(bytes, prompt: prompt) }
        for round in 0..<2 {
            var cuts: Set<Int> = []
            for _ in 0..<Int.random(in: 1...max(1, bytes.count / 4), using: &random) {
                cuts.insert(Int.random(in: bytes.indices, using: &random))
            }
            #expect(Self.events(bytes, cutAt: cuts.sorted(), prompt: prompt) == whole, "random pieces \(round)")
        }
    }
}
