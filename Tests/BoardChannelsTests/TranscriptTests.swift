import BoardChannels
import FlashModel
import Synchronization
import SystemPackage
import Testing

@Suite struct TranscriptTests {
    @Test func everyByteSurvivesTheTextForm() throws {
        let all = (0...255).map { UInt8($0) }
        for kind in [TranscriptEntry.Kind.sent, .received] {
            let entry = TranscriptEntry(time: .milliseconds(12_345), kind: kind, bytes: all)
            #expect(entry.line.utf8.allSatisfy { $0 == 10 || (0x20...0x7E).contains($0) })
            #expect(TranscriptEntry(line: entry.line.dropLast()) == entry)
        }
    }

    @Test(arguments: [
        "", "x", "1.5 > \"a\"", "1.000000 > \"a", "1.000000 ? \"a\"", "1.000000 > \"\\x4\"", "a.b > \"\"",
    ])
    func whatIsNoEntryIsNone(line: String) {
        #expect(TranscriptEntry(line: line) == nil)
    }

    @Test func aRecordedDialogueCanBeReplayed() async throws {
        let recorded = Recorded()
        try await LocalOpener().withChannel { channel in
            let recording = RecordingChannel(
                channel, detail: .everything, now: { .zero }, sink: { recorded.append($0) })
            try await recording.write(Array("echo one; echo two\n".utf8))
            #expect(try await collect(recording, until: "two\n") == "one\ntwo\n")
            try await recording.write(Array("exit\n".utf8))
        }
        let text = recorded.entries.map(\.line).joined()
        let replay = ReplayChannel(TranscriptEntry.parse(text), traits: LocalOpener().traits)
        try await replay.write(Array("echo one; echo two\n".utf8))
        #expect(try await collect(replay, until: "two\n") == "one\ntwo\n")
        await #expect(throws: FlashkeepError.self) { try await replay.write(Array("reboot\n".utf8)) }
    }

    @Test func passwordsAreBlanked() async throws {
        let recorded = Recorded()
        try await LocalOpener(shell: ["cat"]).withChannel { channel in
            let recording = RecordingChannel(
                channel, detail: .withoutBulk, now: { .zero }, sink: { recorded.append($0) })
            try await recording.write(Array("s3cret!\n".utf8), isSecret: true)
            _ = try await collect(recording, until: "\n")
        }
        let text = recorded.entries.map(\.line).joined()
        #expect(!text.contains("s3cret!"))
        #expect(text.contains("a password was sent"))
    }

    @Test func bulkDataIsCounted() async throws {
        let recorded = Recorded()
        try await LocalOpener(shell: ["cat"]).withChannel { channel in
            let recording = RecordingChannel(
                channel, detail: .withoutBulk, now: { .zero }, sink: { recorded.append($0) })
            recording.markBulk(true)
            try await recording.write(Array("123456789".utf8))
            _ = try await collect(recording, until: "9")
            recording.markBulk(false)
        }
        let text = recorded.entries.map(\.line).joined()
        #expect(text.contains("9 bytes with flash data, crc32 cbf43926"))
        #expect(!text.contains("< \"123456789\""))
    }

    @Test("A transcript that cannot be written is an error at the end, and nothing follows the gap")
    func fullDisk() throws {
        let entry = TranscriptEntry(time: .zero, kind: .remark, bytes: Array("a word".utf8))
        let log = try TranscriptLog(copy: "/dev/full")
        try log.checkCopy()
        log.appendToCopy(entry)
        let error = #expect(throws: FlashkeepError.self) { try log.checkCopy() }
        #expect(error?.code == .fileUnavailable)
        #expect(error?.what.contains("/dev/full") == true && error?.why.contains("space") == true)
        log.close()
        #expect(throws: FlashkeepError.self) { try log.checkCopy() }

        let file = TranscriptLog()
        file.append(entry)
        #expect(file.fileFailure == nil)
        file.attach("/dev/full")
        #expect(file.fileFailure != nil)
        try file.checkCopy()
        #expect(throws: FlashkeepError.self) { try TranscriptLog(copy: "/nowhere/at/all") }
    }

    private final class Recorded: Sendable {
        private let list = Mutex<[TranscriptEntry]>([])
        var entries: [TranscriptEntry] { list.withLock { $0 } }
        func append(_ entry: TranscriptEntry) { list.withLock { $0.append(entry) } }
    }
}

/// Reads until the text ends as given, or nothing more arrives.
func collect(_ channel: any BoardChannel, until ending: String) async throws -> String {
    var text = ""
    while !text.hasSuffix(ending) {
        guard case .bytes(let bytes) = try await channel.read(timeout: .seconds(10)) else { return text }
        text += String(decoding: bytes, as: UTF8.self)
    }
    return text
}
