/// The other end of a board's network: a TFTP server that awaits uploads and offers loads, and what came and went.
struct UBootUploads {
    /// Name → bytes that are awaited.
    var awaited: [String: Int] = [:]
    /// Name → what came whole.
    var arrived: [String: [UInt8]] = [:]
    /// Uploads that were begun.
    var begun = 0
    /// Name → bytes that are offered.
    var offered: [String: [UInt8]] = [:]
    /// Names that were fetched to their end.
    var fetched: Set<String> = []
    /// Loads that were begun.
    var loads = 0
    /// Datagrams of the network console.
    var datagrams = 0
}

extension UBootScenario {
    /// A network between the board and this computer.
    package struct Network: Sendable {
        /// This computer's address.
        package var host = "192.168.1.2"
        /// Whether packets get through at all; else nobody answers the board's ARP.
        package var isConnected = true
        /// Whether a TFTP server's answers get through.
        package var answersTFTP = true
        /// One in so many datagrams of the network console is lost.
        package var losesEvery: Int?
        /// After so many datagrams of the network console none gets through any more.
        package var breaksAfter: Int?
        /// What happens to uploads, by their number from 1.
        package var uploadFaults: [Int: TransferFault] = [:]
        /// A fault of every so-many-th upload.
        package var repeatedFault: (fault: TransferFault, every: Int)?
        /// What happens to loads, by their number from 1.
        package var loadFaults: [Int: TransferFault] = [:]
        /// A fault of every so-many-th load.
        package var repeatedLoadFault: (fault: TransferFault, every: Int)?

        package init() {}
    }

    package enum TransferFault: Sendable {
        /// After so many bytes no answer comes any more.
        case stalls(after: Int)
        /// A bit is another.
        case flips(at: Int)
        /// The server refuses.
        case refused
        /// It ends with `done`, but not all was sent.
        case short(by: Int)
    }
}
