private import BoardChannels
private import BoardConsoles
import FlashAccess
import FlashModel
private import Transfers

/// `load -r -b ADDRESS -m ymodem`: over the console (`redboot/current/src/xyzModem.c`).
struct RedBootYMODEMLoad: RedBootLoad {
    let mode = "ymodem"
    let session: RedBootSession
    let facts: RedBootFacts

    /// The longest pause of a board that receives a block; it repeats its request after 2 s.
    private static let silence = Duration.seconds(5)
    /// The time without output after a request for the first block. Words that begin with the same letter go on at once.
    private static let settled = Duration.milliseconds(300)
    /// The most bytes that are kept of what the board says before its first request.
    private static let mostHeard = 4_096
    /// The longest wait for the first request.
    private static let start = Duration.seconds(15)

    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void> {
        var failure: String?
        let command = try session.commands.loadYMODEM(
            to: memory, count: UInt64(bytes.count), flash: facts.mappedFlash)
        let answer = try await session.converse(command) { console in
            guard try await isAsked(console) else {
                failure = "it did not ask for data"
                return
            }
            console.channel.markBulk(true)
            defer { console.channel.markBulk(false) }
            failure = try await YMODEMConversation.send(
                YMODEMSending(bytes, name: "flashkeep"), on: console, silence: Self.silence)
        }
        session.examples.note(command)
        let result = RedBootLoadResult(answer.reply)
        if case .failed(let text) = result {
            let error = self.failure("it printed \"\(PrintableText.escaped(text, limit: 120))\"")
            return RedBootLoadResult.isHopeless(text) ? .hopeless(error) : .failed(error)
        }
        if let failure { return .failed(self.failure(failure)) }
        if case .loaded(_, let count) = result, count != bytes.count {
            // Before 2004, bytes 1A at the end of a block are taken for padding.
            return .failed(self.failure("\(count) bytes arrived instead of \(bytes.count)"))
        }
        return .done(())
    }

    /// Waits for the first request for a block, which is left to be read.
    private func isAsked(_ console: Console) async throws -> Bool {
        var heard: [UInt8] = []
        let end = console.time + Self.start
        while console.time < end {
            guard let got = try await console.bytes(within: Self.settled) else {
                guard heard.last == UInt8(ascii: "C") else { continue }
                console.putBack([UInt8(ascii: "C")])
                return true
            }
            heard = Array((heard + got).suffix(Self.mostHeard))
            let isOver =
                heard.suffix(session.prompt.count).elementsEqual(session.prompt)
                || heard.suffix(RedBootConsoleText.questionEnd.count).elementsEqual(RedBootConsoleText.questionEnd)
            if isOver {
                // An error, or a question: what it said is the reply.
                console.putBack(heard)
                return false
            }
        }
        return false
    }
}
