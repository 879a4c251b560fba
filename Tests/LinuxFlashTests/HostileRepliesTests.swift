import FlashModel
import LinuxFlash
import TestSupport
import Testing

/// For arbitrary replies, a survey is valid or an error is thrown, and nothing traps.
@Suite struct HostileRepliesTests {
    static func check(_ replies: [String: LinuxProbeReply]) {
        let survey: Survey
        do {
            survey = try LinuxSurvey.assemble(replies: replies)
        } catch {
            #expect([.noMTD, .noPartitions, .replyNotUnderstood].contains(error.code))
            return
        }
        let cover = ReadCoverage.plan(survey)
        #expect(Set(cover.images.map { $0.fileName.lowercased() }).count == cover.images.count)
        for image in cover.images {
            #expect(image.fileName.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x5C })
            #expect(image.pieces.map(\.length).reduce(0, +) == image.size)
        }
        #expect(cover.views.count + cover.skipped.count == survey.partitions.count)
        #expect(survey.warnings.count <= 101)
        let ids = survey.chips.map(\.id)
        #expect(Set(ids).count == ids.count)
        for style in [PartitionPicture.Style.unicode, .ascii] {
            for line in PartitionPicture(width: 80, style: style).lines(survey) + survey.warnings {
                #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
            }
        }
        for partition in survey.partitions {
            let count = partition.eraseBlockSize > 0 ? partition.size / partition.eraseBlockSize : 0
            for block in (partition.badBlocks?.bad ?? []) + (partition.badBlocks?.table ?? []) {
                #expect((0..<max(1, count)).contains(block))
            }
        }
    }

    /// The replies of a whole board, truncated, with changed bytes, and with lines duplicated and moved.
    @Test(arguments: 0..<60)
    func mutatedBoard(seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed) &* 7919)
        var replies = try Fixture.board("board-nandsim")
        // Only some of them each time, because long ones are slow.
        for name in replies.keys.sorted() where Int.random(in: 0...2, using: &random) == 0 {
            guard var bytes = replies[name]?.output, !bytes.isEmpty else { continue }
            switch Int.random(in: 0...4, using: &random) {
            case 0: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            case 1:
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            case 2:
                var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
                lines.shuffle(using: &random)
                bytes = Array(lines.joined(separator: [10]))
            case 3:
                // Numbers become huge.
                bytes = bytes.flatMap { byte in
                    (0x30...0x39).contains(byte) && Int.random(in: 0...9, using: &random) == 0
                        ? [UInt8](repeating: 0x39, count: 25) : [byte]
                }
            default: bytes += bytes
            }
            replies[name] = LinuxProbeReply(output: bytes, exitStatus: Int.random(in: 0...1, using: &random))
        }
        Self.check(replies)
    }

    /// Every recorded output as the reply to every probe.
    @Test func everyOutputAsEveryReply() throws {
        let names = LinuxProbes.all().map(\.name)
        for (_, bytes) in try Fixture.all() where bytes.count < 9000 {
            var replies: [String: LinuxProbeReply] = [:]
            for name in names { replies[name] = LinuxProbeReply(output: bytes) }
            Self.check(replies)
        }
    }

    @Test(arguments: [
        "mtd0: ffffffffffffffff ffffffffffffffff \"x\"", "mtd0: 3ffffffffffff 3ffffffffffff \"x\"",
        "mtd0: 4000000000000 1 \"x\"\nmtd1: 4000000000000 1 \"y\"", "mtd0: 0 0 \"\"",
        "mtd65535: 1 0 \"\u{1B}]0;owned\u{7}\"",
        "mtd0: 10 1 \"a\u{0}b\"\nmtd0: 10 1 \"c\"", "mtd0: 1 1 \"\u{202E}\u{FEFF}\u{200B}\"",
        "mtd0: 10 10 \"../../../etc/passwd\"",
    ])
    func hostileTables(text: String) {
        Self.check(["proc-mtd.txt": LinuxProbeReply(text: text + "\n")])
        // The same in sysfs, with a circular path.
        let sysfs = """
            == mtd0
            name=
            x
            type:nand
            size:1125899906842624
            erasesize:1
            writesize:0
            offset:1125899906842624
            path:/sys/devices/virtual/mtd/mtd1/mtd0
            == mtd1
            type:nand
            size:1125899906842624
            erasesize:0
            offset:1125899906842624
            bad_blocks:1125899906842624
            bbt_blocks:1125899906842624
            path:/sys/devices/virtual/mtd/mtd0/mtd1
            == mtd2
            type:nand
            size:1125899906842624
            erasesize:1
            bad_blocks:0
            bbt_blocks:1125899906842624
            offset:0
            path:/
            """
        Self.check(["proc-mtd.txt": LinuxProbeReply(text: text + "\n"), "sysfs-mtd.txt": LinuxProbeReply(text: sysfs)])
        Self.check(["sysfs-mtd.txt": LinuxProbeReply(text: sysfs)])
    }

    @Test func thousandsOfDevices() {
        let table = (0..<5000).map { "mtd\($0): 00010000 00010000 \"name\"\n" }.joined()
        let log =
            "Creating 5000 MTD partitions on \"x\":\n"
            + (0..<5000).map {
                "0x\(String($0 * 65536, radix: 16))-0x\(String(($0 + 1) * 65536, radix: 16)) : \"name\"\n"
            }.joined()
        Self.check(["proc-mtd.txt": LinuxProbeReply(text: table), "dmesg.txt": LinuxProbeReply(text: log)])
        let nested = (0..<2000).map { "Creating 1 MTD partitions on \"name\":\n0x0-0x10000 : \"name\"\n# \($0)\n" }
            .joined()
        Self.check(["proc-mtd.txt": LinuxProbeReply(text: table), "dmesg.txt": LinuxProbeReply(text: nested)])
    }

    @Test func gigantic() {
        let noise = [UInt8](repeating: 0x41, count: 6 << 20)
        var replies: [String: LinuxProbeReply] = [:]
        for name in ["proc-mtd.txt", "dmesg.txt", "device-tree-flash.txt", "cmdline.txt"] {
            replies[name] = LinuxProbeReply(output: noise)
        }
        Self.check(replies)
    }
}
