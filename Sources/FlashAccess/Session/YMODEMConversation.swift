private import BoardChannels
package import BoardConsoles
package import Transfers

/// Sends a file by YMODEM over a console whose board is asking for it.
package enum YMODEMConversation {
    /// - Parameter silence: the longest pause of a board that receives a block.
    /// - Returns: the reason of a failure; nil if everything was sent.
    /// - Throws: errors of the line.
    package static func send(
        _ sending: YMODEMSending, on console: Console, silence: Duration
    ) async throws -> String? {
        var sending = sending
        // The time of the last step: bytes that mean nothing are no sign of progress.
        var stepped = console.time
        while true {
            let rest = stepped + silence - console.time
            let got = rest > .zero ? try await console.bytes(within: rest) : nil
            guard let got else {
                stepped = console.time
                switch sending.timedOut() {
                case .wait: continue
                case .send(let bytes): try await console.channel.write(bytes)
                case .done: return nil
                case .failed(let last):
                    try await console.channel.write(last)
                    return "the board stopped asking for blocks"
                }
                continue
            }
            for (index, byte) in got.enumerated() {
                switch sending.take(byte) {
                case .wait: continue
                case .send(let bytes):
                    try await console.channel.write(bytes)
                    stepped = console.time
                case .done:
                    console.putBack(got[(index + 1)...])
                    return nil
                case .failed(let last):
                    try await console.channel.write(last)
                    console.putBack(got[(index + 1)...])
                    return "the board gave up"
                }
            }
        }
    }
}
