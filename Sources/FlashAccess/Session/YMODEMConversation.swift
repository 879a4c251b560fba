private import BoardChannels
package import BoardConsoles
package import Transfers

/// Sends a file by YMODEM over a console whose board is asking for it.
package enum YMODEMConversation {
    /// How long nothing follows a request. Words with the same letter go on at once.
    private static let settled = Duration.milliseconds(100)

    /// - Parameter silence: the longest pause of a board that receives a block.
    /// - Returns: the reason of a failure; nil if everything was sent. Text that the board printed remains to be read.
    /// - Throws: errors of the line.
    package static func send(
        _ sending: YMODEMSending, on console: Console, silence: Duration
    ) async throws -> String? {
        var sending = sending
        // The time of the last step: bytes that mean nothing are no sign of progress.
        var stepped = console.time
        // Since the last request that was met. That a block is repeated without one proves nothing about who reads.
        var heard = ReceiverOutput()
        while true {
            let rest = stepped + silence - console.time
            let got = rest > .zero ? try await console.bytes(within: rest) : nil
            guard let got else {
                stepped = console.time
                switch sending.timedOut() {
                case .wait: continue
                case .send(let bytes): try await console.channel.write(bytes)
                case .done:
                    console.putBack(heard.bytes)
                    return nil
                case .failed(let last):
                    try await console.channel.write(last)
                    return "the board stopped asking for blocks"
                }
                continue
            }
            receiving: for (index, byte) in got.enumerated() {
                let next = got[(index + 1)...]
                heard.add([byte])
                if heard.isTalk { return leave(&sending, console, heard.bytes + next) }
                switch sending.take(byte) {
                case .wait: continue
                case .send(let bytes):
                    if byte == YMODEMSending.request {
                        console.putBack(next)
                        let more = try await console.collect(quiet: settled) { ReceiverOutput($0).isTalk }
                        heard.add(more)
                        // It was the first letter of words.
                        if heard.isTalk { return leave(&sending, console, heard.bytes) }
                        console.putBack(more)
                    }
                    try await console.channel.write(bytes)
                    stepped = console.time
                    heard = ReceiverOutput()
                    // What was put back comes again.
                    if byte == YMODEMSending.request { break receiving }
                case .done:
                    console.putBack(next)
                    return nil
                case .failed(let last):
                    try await console.channel.write(last)
                    console.putBack(next)
                    return "the board gave up"
                }
            }
        }
    }

    /// Ends the transfer because of words, which are left to be read.
    private static func leave(_ sending: inout YMODEMSending, _ console: Console, _ words: [UInt8]) -> String? {
        console.putBack(words)
        return sending.interrupted() == .done ? nil : "the board printed text instead of asking for blocks"
    }
}

/// What a board sends between two blocks.
private struct ReceiverOutput {
    /// The most text, in bytes, that a bad line explains: of a receiver come single control characters, and the letter
    /// ``Transfers/YMODEMSending/request``. A board that prints more was reset, or has given up, and its command line or
    /// its shell would take the next block for commands.
    private static let mostText = 16
    /// The most bytes that are kept.
    private static let mostKept = 4_096

    private(set) var bytes: [UInt8] = []
    private var textCount = 0

    init(_ bytes: [UInt8] = []) { add(bytes) }

    /// Whether it is text, and nobody receives blocks.
    var isTalk: Bool { textCount > Self.mostText }

    mutating func add(_ more: [UInt8]) {
        textCount += more.count(where: Self.isText)
        bytes += more
        if bytes.count > Self.mostKept { bytes.removeFirst(bytes.count - Self.mostKept / 2) }
    }

    private static func isText(_ byte: UInt8) -> Bool {
        switch byte {
        case YMODEMSending.request: false
        case 0x0A, 0x0D, 0x20...0x7E: true
        default: false
        }
    }
}
