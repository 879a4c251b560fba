import BoardChannels
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

/// The simulated RedBoot answers as the recorded ones did, byte for byte.
@Suite("The simulated RedBoot")
struct RedBootSimulatorTests {
    /// The replies to these commands are those of the recording.
    private func check(
        _ name: String, _ commands: [String], _ board: SimulatedRedBoot,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let recording = try RedBootRecording(name)
        for command in commands {
            let recorded = try recording.reply(command).output
            // The end of the echoed line comes from the editor; an answer that followed is not the command's.
            let text = String(decoding: recorded, as: UTF8.self).replacing("\r\n", with: "\n").dropFirst()
            let own = board.reply(command)
            #expect(
                text == own[...] || text.hasPrefix(own) && own.hasSuffix("(y/n)? "), "\(name): \(command)",
                sourceLocation: sourceLocation)
        }
    }

    private static func board(_ generation: RedBootScenario.Generation) -> SimulatedRedBoot {
        SimulatedRedBootSessions.recorded {
            $0.generation = generation
            $0.freeMemory =
                switch generation {
                case .y2003: 0x8000_D810..<0x81EE_1000
                case .y2006: 0x8000_CC60..<0x81EE_1000
                case .y2012: 0x8000_CBA8..<0x81EE_1000
                }
        }
    }

    @Test(arguments: RedBootScenario.Generation.allCases)
    func whatIsTheSame(_ generation: RedBootScenario.Generation) throws {
        let name = "malta-\(generation.rawValue.dropFirst())"
        let board = Self.board(generation)
        try check("\(name)-version", ["version"], board)
        try check(
            "\(name)-dump",
            [
                "dump -b 0xbe100000 -l 0x40", "dump -b 0xbe100000 -l 1", "dump -b 0xbe100000 -l 17",
                "dump -b 0xbe100000 -l 0", "dump -b 0xbe100003 -l 20", "dump -b 0xbe100000 -l 0x40 -1",
            ], board)
        try check("\(name)-dump-4k", ["dump -b 0xbe100000 -l 0x1000"], board)
        try check(
            "\(name)-dump-srec",
            ["dump -b 0xbe100000 -l 0x40 -s", "dump -b 0xbe100000 -l 0x14 -s", "dump -b 0xbe100000 -l 8 -s"], board)
        try check(
            "\(name)-dump-widths",
            [
                "dump -b 0xbe100000 -l 0x30 -2", "dump -b 0xbe100000 -l 0x30", "dump -b 0xbe100000 -l 0x30 -4",
                "dump -b 0xbe100000 -l 0x22 -4", "dump -b 0xbe100000 -l 0x21 -2", "dump -b 0xbe100000 -l 0x23 -1",
                "dump -b 0xbe100000 -l 0x10 -1 -4", "dump -b 0xbe100000 -l 0x10 -1",
            ], board)
        try check(
            "\(name)-dump-errors",
            [
                "dump -b zz -l 16", "dump -b be100000 -l 16", "dump -b 0xbe100000 -l 1x", "dump -b 0xbe100000 -q",
                "dump 0xbe100000",
            ], board)
        try check(
            "\(name)-cksum",
            [
                "cksum -b 0xbe100000 -l 0x10000", "cksum -b 0xbe100000 -l 1", "cksum -b 0xbe100000 -l 0", "cksum",
                "cksum -b 0xbe100000",
            ], board)
        try check("\(name)-special", ["#comment", "= FK7A31", "=FK7A31"], board)
        try check("\(name)-errors", ["foo", "foo bar", "printenv"], board)
        try check("\(name)-abbrev", ["d", "f", "fi l", "VERSION"], board)
        try check(
            "\(name)-fis-erase", ["fis erase -f 0xbe310000 -l 0x10000", "fis erase -f 0xbe310100 -l 0x10000"], board)
        try check(
            "\(name)-fis-write",
            [
                "fis write -b 0x80100000 -l 0x10000 -f 0xbe300000", "fis write -b 0x80100000 -l 0x123 -f 0xbe310000",
                "fis write -b 0x80100000 -l 0x10000 -f 0xbe300100", "fis write -b 0x80100000 -l 0x10000 -f 0xbe400000",
                "fis write -b 0x80100000 -l 0x20000 -f 0xbe3f0000", "fis write -b 0x84000000 -l 0x10000 -f 0xbe300000",
            ], board)
        try check("\(name)-help-topics", ["help fis", "help zzz"], board)
    }

    @Test func locks() throws {
        try check(
            "malta-2006-fis-lock",
            [
                "fis lock", "fis lock -f 0xbe300000 -l 0x10000", "fis unlock -f 0xbe300000 -l 0x10000",
                "fis unlock -f 0xbf000000 -l 0x10000",
            ], Self.board(.y2006))
        try check("malta-2003-fis-lock", ["fis lock -f 0xbe300000 -l 0x10000"], Self.board(.y2003))
        try check("malta-2012-fis-lock", ["fis unlock -f 0xbe300000 -l 0x10000"], Self.board(.y2012))
    }

    @Test func bigEndianWords() throws {
        let board = SimulatedRedBootSessions.recorded { $0.isBigEndian = true }
        try check(
            "malta-be-2006-dump-widths",
            ["dump -b 0xbe100000 -l 0x30 -2", "dump -b 0xbe100000 -l 0x30", "dump -b 0xbe100000 -l 0x30 -4"], board)
    }

    @Test("fis list after fis init", arguments: RedBootScenario.Generation.allCases)
    func lists(_ generation: RedBootScenario.Generation) throws {
        let board = SimulatedRedBootSessions.recorded {
            $0.generation = generation
            $0.format([.init("RedBoot", 0, 0x40000)])
        }
        let recording = try RedBootRecording("malta-\(generation.rawValue.dropFirst())-fis-init")
        let recorded = try #require(recording.replies("fis list").last)
        #expect(
            board.reply("fis list")
                == String(decoding: recorded.output, as: UTF8.self).replacing("\r\n", with: "\n").dropFirst()[...])
    }

    /// The bytes of the dialogue, typed and answered.
    private func dialogue(_ board: SimulatedRedBoot, _ typed: [[UInt8]]) async throws -> String {
        try await board.withChannel { channel in
            var heard: [UInt8] = []
            for bytes in typed {
                try await channel.write(bytes, isSecret: false)
                while case .bytes(let got) = try await channel.read(timeout: .seconds(4)) { heard += got }
            }
            return String(decoding: heard, as: UTF8.self)
        }
    }

    private func typed(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("Line editing, ^C, and both ends of a line")
    func editing() async throws {
        let board = SimulatedRedBootSessions.recorded()
        let cache = "Data cache: On, Instruction cache: On\r\nRedBoot> "
        #expect(
            try await dialogue(
                board, ["cacha\u{8}e\r", "junk\u{3}", "\u{3}", "cache\n", "cache\r\n", "\n", "\r\n\r\n"].map(typed))
                == "cacha\u{8} \u{8}e\r\n\(cache)" + "junk^C\r\nRedBoot> " + "^C\r\nRedBoot> " + "cache\r\n\(cache)"
                + "cache\r\n\(cache)" + "\r\nRedBoot> " + "\r\nRedBoot> \r\nRedBoot> ")
        #expect(board.offences.isEmpty)
    }

    @Test("At 255 characters a line runs by itself, and at 7 an answer is taken")
    func limits() async throws {
        let long = String(repeating: "0123456789", count: 30)
        // QEMU held back what came too early.
        let board = SimulatedRedBootSessions.recorded { $0.fifo = 1_000 }
        let start = "dump -b 0xbe100000 -l 16 "
        let text = try await dialogue(board, [typed(start + long + "\r")])
        let recorded = String(decoding: try RedBootRecording.bytes("malta-2006-line-too-long"), as: UTF8.self)
        #expect("RedBoot> " + text == recorded)
        #expect(board.offences.map(\.kind) == [.longLine])
        let other = SimulatedRedBootSessions.recorded()
        let command = "fis write -b 0x80100000 -l 0x10000 -f 0xbe300000\r"
        let answers = try await dialogue(other, [typed(command), typed("nnnnnnnnnn\r")])
        #expect(answers.contains("(y/n)? nnnnnnnRedBoot> nnn\r\n** Error: Illegal command: \"nnn\"\r\n"))
    }

    @Test("A dump is not stopped by ^C, which is answered behind it")
    func stopping() async throws {
        let board = SimulatedRedBootSessions.recorded()
        let text = try await dialogue(board, [typed("dump -b 0xbe100000 -l 0x1000\r\u{3}")])
        let recorded = try RedBootRecording.bytes("malta-2006-ctrlc-output")
        #expect("RedBoot> " + text == String(decoding: recorded, as: UTF8.self))
    }

    @Test("A boot script is stopped by ^C alone, and any other character stops its countdown")
    func scripts() async throws {
        func board() -> SimulatedRedBoot {
            SimulatedRedBootSessions.recorded {
                $0.start = .starting
                $0.script = ["cache", "version"]
            }
        }
        let line = "== Executing boot script in 3.000 seconds - enter ^C to abort\r\n"
        func text(_ keys: String) async throws -> String {
            let board = board()
            return try await board.withChannel { channel in
                var heard: [UInt8] = []
                while !String(decoding: heard, as: UTF8.self).contains(line) {
                    guard case .bytes(let got) = try await channel.read(timeout: .seconds(9)) else { break }
                    heard += got
                }
                try await channel.write(Array(keys.utf8), isSecret: false)
                while case .bytes(let got) = try await channel.read(timeout: .seconds(20)) { heard += got }
                return String(decoding: heard, as: UTF8.self)
            }
        }
        #expect(try await text("\u{3}").hasSuffix(line + "^C\r\nRedBoot> "))
        #expect(try await text("x").hasSuffix(line + "x"))
        #expect(try await text("junk\r\u{3}").hasSuffix(line + "junk\r\n" + line + "^C\r\nRedBoot> "))
        let untouched = try await text("")
        #expect(
            untouched.contains(line + "RedBoot> cache\r\nData cache: On, Instruction cache: On\r\nRedBoot> version"))
    }

    @Test("A $ is the end")
    func debugger() async throws {
        let board = SimulatedRedBootSessions.recorded()
        let text = try await dialogue(board, ["cache $", "\r", "version\r", "\u{3}"].map(typed))
        #expect("RedBoot> " + text == String(decoding: try RedBootRecording.bytes("malta-2006-dollar"), as: UTF8.self))
        #expect(board.offences.map(\.kind) == [.debugger])
    }

    @Test("Over telnet nothing is echoed, not even the end of a line")
    func telnet() async throws {
        let board = SimulatedRedBootSessions.recorded { $0.isTelnet = true }
        let text = try await dialogue(board, ["\r\n", "cache\r\n", "\u{3}"].map(typed))
        let cache = "Data cache: On, Instruction cache: On\r\nRedBoot> "
        #expect(text == "RedBoot> RedBoot> \(cache)^C\r\nRedBoot> ")
    }
}
