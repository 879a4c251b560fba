import FlashAccess
import FlashModel
import Foundation
import Testing
import UBootFlash

/// Parses every recording of a real U-Boot.
///
/// `Fixtures/uboot-recordings.txt` has the expected results, which were determined independently of the parsers. A
/// recording that it does not name fails.
@Suite struct UBootRecordingsTests {
    static let expectations: [String: [String]] = {
        guard let folder = Bundle.module.url(forResource: "Fixtures", withExtension: nil),
            let text = try? String(contentsOf: folder.appending(path: "uboot-recordings.txt"), encoding: .utf8)
        else { return [:] }
        var result: [String: [String]] = [:]
        var name: String?
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                name = String(line[line.index(after: line.startIndex)..<end])
                if let name { result[name] = [] }
            } else if let name {
                result[name]?.append(String(line))
            }
        }
        return result
    }()

    @Test func noRecordingIsUnread() throws {
        let recordings = Set(try UBootTranscript.all().keys)
        #expect(recordings.count > 200)
        #expect(recordings.subtracting(Self.expectations.keys).sorted() == [], "nothing is expected of these")
        #expect(Set(Self.expectations.keys).subtracting(recordings).sorted() == [], "there are no such recordings")
    }

    @Test(arguments: expectations.keys.sorted())
    func everythingIsFound(name: String) throws {
        let expected = try #require(Self.expectations[name])
        let found = Self.summary(try UBootTranscript.bytes(name))
        #expect(found.filter { !expected.contains($0) } == [], "not expected in it")
        #expect(expected.filter { !found.contains($0) } == [], "expected, and not found")
        #expect(found == expected)
    }

    // MARK: The contents of a recording, one line each

    /// The prompt: at the start of the recording, or at the end of a startup's.
    static func prompt(_ bytes: [UInt8]) -> String? {
        let prompts = UBootTranscript.prompts + ["ar7240> ", "root@malta:/# "]
        return prompts.first { bytes.starts(with: Array($0.utf8)) }
            ?? prompts.first { prompt in ["\n", "\n\r"].contains { bytes.hasSuffix(Array(($0 + prompt).utf8)) } }
    }

    static func summary(_ bytes: [UInt8]) -> [String] {
        let prompt = prompt(bytes)
        var lines = ["prompt: \(prompt.map { "'\($0)'" } ?? "none")"]
        let events = UBootConsoleTextTests.events(bytes, prompt: prompt)
        lines.append("prompts: \(events.count { $0 == .prompt })")
        lines += events.compactMap(line)
        if let prompt, bytes.starts(with: Array(prompt.utf8)) {
            for (command, reply) in UBootTranscript(bytes, prompt: Array(prompt.utf8)).exchanges {
                if let said = said(command, reply) { lines.append("\(command) -> \(said)") }
            }
        }
        return lines
    }

    private static func line(_ event: UBootConsoleText.Event) -> String? {
        switch event {
        case .banner(let version): "starts \(version.text)"
        case .fact(let label, let value): "\(label): \(value)"
        case .defaultEnvironment: "default environment"
        case .stopPrompt(let stop): "waits for " + stop.keys.map { $0.map(hex).joined() }.joined(separator: " or ")
        case .likelyStopPrompt(let text): "may wait: \(text)"
        case .passwordPrompt: "asks for a password"
        case .unknownCommand(let name): "unknown \(name ?? "?")"
        case .tooManyArguments: "too many words"
        case .interrupted: "interrupted"
        case .bell: "bell"
        case .reset(let text): "resets: \(text)"
        case .exception(let text): "stops: \(text)"
        case .rateChange(let rate): "rate \(rate)"
        case .systemStart(let text): "starts a system: \(text)"
        case .menu, .networkConsole, .garbage: "\(event)"
        case .prompt: nil
        }
    }

    private static func hex(_ number: some BinaryInteger) -> String {
        let text = String(number, radix: 16)
        return text.count == 1 ? "0" + text : text
    }

    private static func number(_ number: (some BinaryInteger)?) -> String {
        number.map { String($0, radix: 16) } ?? "-"
    }

    /// The result of a command's parser; nil if the command has none.
    private static func said(_ command: String, _ reply: UBootReply) -> String? {
        let words = command.split(separator: " ").map(String.init)
        guard let first = words.first else { return nil }
        switch (first, words.dropFirst().first ?? "") {
        case ("version", _): return UBootVersion(reply).map(\.text) ?? "nothing"
        case ("help", ""): return UBootHelp(reply).map { "\($0.commands.count) commands" } ?? "nothing"
        case ("bdinfo", _): return UBootBoardInfo(reply).map { text($0) } ?? "nothing"
        case ("printenv", let name):
            guard let environment = UBootEnvironment(reply) else { return "nothing" }
            guard name.isEmpty else {
                return (environment.variables.keys.sorted() + environment.undefined.map { "no " + $0 })
                    .joined(separator: ", ")
            }
            return "\(environment.variables.count) variables, \(environment.usedSize ?? 0) of "
                + "\(environment.totalSize ?? 0) bytes, adds up: \(environment.addsUp == true)"
        case ("flinfo", _):
            return UBootFlashInfo(reply).map { info in
                info.banks.map { bank in
                    "\(number(bank.start))+\(hex(bank.size)) in \(bank.sectors.count), "
                        + "\(bank.sectors.count { $0.isReadOnly }) protected, whole: \(bank.isComplete)"
                }.joined(separator: "; ")
            } ?? "nothing"
        case ("md", _), ("md.b", _), ("md.w", _), ("md.l", _), ("md.q", _):
            return memory(first, reply)
        case ("crc32", _), ("hash", _), ("sha1sum", _), ("md5sum", _):
            return UBootChecksum(reply).map {
                "\($0.digest.algorithm.rawValue) \($0.digest.hex) of \(hex($0.first))-\(hex($0.last))"
            } ?? "nothing"
        case ("tftpboot", _), ("tftpput", _):
            let result = UBootTransferResult(reply)
            let ends = "\(result.server ?? "-") to \(result.ownAddress ?? "-")"
            return "\(text(result.outcome)) by \(result.device ?? "-"), \(ends)"
        case ("sf", "probe"):
            return UBootSPIFlash(reply).map {
                "\($0.name) of \($0.size.map(hex) ?? "unknown size"), erases \(number($0.eraseSize))"
            }
                ?? "nothing"
        case (let tool, let verb) where ["sf", "nand", "mtd"].contains(tool) && verb.hasPrefix("read"):
            let result = UBootReadResult(reply)
            return text(result.outcome) + (result.skipped.isEmpty ? "" : " without \(list(result.skipped))")
        case ("nand", "info"):
            return UBootNANDInfo(reply).map { info in
                info.devices.map {
                    "nand\($0.index) \(number($0.size)) by \(hex($0.eraseSize)), page \(number($0.pageSize)), "
                        + "OOB \(number($0.oobSize))"
                }.joined(separator: "; ")
            } ?? "nothing"
        case ("nand", "bad"), ("mtd", "bad"):
            return UBootBadBlocks(reply).map {
                "bad \(list($0.offsets)), reserved \(list($0.reserved)), whole: \($0.isComplete)"
            } ?? "nothing"
        case ("mtd", "list"):
            return UBootMTDList(reply).map { list in
                list.devices.map { "\($0.name) \(number($0.size)) by \(number($0.blockSize)), \($0.type)" }
                    .joined(separator: "; ")
            } ?? "nothing"
        case ("loady", _), ("loadb", _), ("loadx", _): return UBootSerialLoad(reply).map { "\($0)" } ?? "nothing"
        default: return nil
        }
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.isEmpty ? "none" : numbers.map(hex).joined(separator: " ")
    }

    private static func text(_ board: UBootBoardInfo) -> String {
        "banks \(board.banks.map { "\(hex($0.lowerBound))-\(hex($0.upperBound))" }.joined(separator: " ")), "
            + "relocated \(number(board.relocationAddress)), stack \(number(board.stackPointer)), "
            + "\(board.reserved.count) reserved, flash \(number(board.flashStart))+\(number(board.flashSize)), "
            + "\(board.baudRate ?? 0) baud"
    }

    private static func text(_ outcome: UBootReadResult.Outcome) -> String {
        switch outcome {
        case .ok(let bytes): "ok \(bytes) bytes"
        case .silent(let announced): "silent \(announced.map(String.init) ?? "-") bytes"
        case .failed(let line): "failed: \(line)"
        }
    }

    private static func text(_ outcome: UBootTransferResult.Outcome) -> String {
        switch outcome {
        case .done(let bytes): "done \(bytes.map(String.init) ?? "0") bytes"
        case .refused(let reason, let code): "refused \(code ?? -1) \(reason)"
        case .notSet(let name): "not set \(name)"
        default: "\(outcome)"
        }
    }

    /// A memory dump: address, size, and CRC-32.
    private static func memory(_ command: String, _ reply: UBootReply) -> String {
        let width: UBootMemoryDump.Width =
            switch command {
            case "md.b": .byte
            case "md.w": .word
            case "md.q": .quad
            default: .long
            }
        let order = UBootMemoryDump.order(of: reply, width: width) ?? .little
        let dump = UBootMemoryDump(reply, width: width, order: order)
        let lines = dump.lines.sorted { $0.key < $1.key }
        guard let first = lines.first else { return "nothing" }
        let bytes = lines.flatMap(\.value)
        return "\(bytes.count) bytes at \(hex(first.key)), crc32 \(hex(CRC32.sum(of: bytes)))"
            + (dump.rejected.isEmpty ? "" : ", \(dump.rejected.count) lines rejected")
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ end: [UInt8]) -> Bool { count >= end.count && suffix(end.count).elementsEqual(end) }
}
