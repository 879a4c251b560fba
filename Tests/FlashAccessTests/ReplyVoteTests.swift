import FlashAccess
import TestSupport
import Testing

@Suite("A reply reconstructed from damaged readings")
struct ReplyVoteTests {
    private func reply(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func sameTwiceIsAgreed() {
        var vote = ReplyVote()
        #expect(vote.take(reply("\r\na=1\r\n")) == nil)
        #expect(vote.take(reply("\r\na=1\r\n")) == reply("\r\na=1\r\n"))
    }

    @Test func nothingTwiceIsNothing() {
        var vote = ReplyVote()
        #expect(vote.take(reply("")) == nil)
        #expect(vote.take(reply("")) == reply(""))
    }

    @Test func linesAreCountedOneByOne() {
        var vote = ReplyVote()
        #expect(vote.take(reply("a\nb\nX")) == nil)
        #expect(vote.take(reply("a\nY\nc")) == nil)
        // Each line was the same twice, though no whole reply was.
        #expect(vote.take(reply("Z\nb\nc")) == reply("a\nb\nc"))
    }

    @Test func undecidedLinesAreAskedAgain() {
        var vote = ReplyVote()
        for text in ["a\n1", "a\n2", "a\n1", "a\n2"].prefix(2) { #expect(vote.take(reply(text)) == nil) }
        #expect(vote.take(reply("a\n1")) == reply("a\n1"))
        var tie = ReplyVote()
        for text in ["1\nx", "1\ny", "2\nx"] {
            #expect(tie.take(reply(text)) == (text == "2\nx" ? reply("1\nx") : nil))
        }
    }

    @Test func fewerLinesNeedTheMajority() {
        var vote = ReplyVote()
        #expect(vote.take(reply("a\nb\nc")) == nil)
        #expect(vote.take(reply("ab\nc")) == nil)
        #expect(vote.take(reply("ab\nc")) == reply("ab\nc"))
        var other = ReplyVote()
        for text in ["a\nb\nc", "a\nb", "a\nbc"] { #expect(other.take(reply(text)) == nil) }
        #expect(other.take(reply("a\nb\nc")) == reply("a\nb\nc"))
    }

    /// Each reading has its own random damage.
    @Test("The agreed reply is the true one", arguments: [50, 200, 1000])
    func property(_ rate: Int) {
        var random = SplitMix64(state: UInt64(rate))
        var readings = 0
        for _ in 0..<60 {
            let lines = (0..<Int.random(in: 1...40, using: &random)).map { number in
                "name\(number)=" + "abcdefghijklmnopqrstuvwxyz012345".prefix(Int.random(in: 0...30, using: &random))
            }
            let truth = Array(lines.joined(separator: "\r\n").utf8)
            var vote = ReplyVote()
            var agreed: [UInt8]?
            for _ in 0..<200 where agreed == nil {
                readings += 1
                var damaged: [UInt8] = []
                for byte in truth {
                    guard Int.random(in: 0..<rate, using: &random) == 0 else {
                        damaged.append(byte)
                        continue
                    }
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: break
                    case 1: damaged += [byte, UInt8.random(in: 0x80...0xFF, using: &random)]
                    default: damaged.append(UInt8.random(in: 0x80...0xFF, using: &random))
                    }
                }
                agreed = vote.take(damaged)
            }
            // Only if two readings lose the same character can the agreed reply be wrong.
            if let agreed { #expect(agreed == truth || rate < 100) } else { #expect(rate < 100) }
        }
        print("1 in \(rate): \(readings) readings for 60 replies")
    }
}
