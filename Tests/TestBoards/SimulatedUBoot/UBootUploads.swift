/// The other end of a board's network: a TFTP server that expects uploads and offers files, and a record of the
/// transfers.
struct UBootUploads {
    /// Name → the expected number of bytes.
    var awaited: [String: Int] = [:]
    /// Name → a complete upload.
    var arrived: [String: [UInt8]] = [:]
    /// The number of uploads begun.
    var begun = 0
    /// Name → the offered bytes.
    var offered: [String: [UInt8]] = [:]
    /// Names of completely fetched files.
    var fetched: Set<String> = []
    /// The number of loads begun.
    var loads = 0
    /// The number of network console datagrams.
    var datagrams = 0
}

extension UBootScenario {
    /// A network between the board and this computer.
    package struct Network: Sendable {
        /// This computer's address.
        package var host = "192.168.1.2"
        /// Whether packets get through at all; otherwise nothing answers the board's ARP
        /// (`malta-put-tftpput-arp-fails`).
        package var isConnected = true
        /// Whether a TFTP server's answers get through (`malta-put-tftpput-no-answer`).
        package var answersTFTP = true
        /// One in this many network console datagrams is lost: UDP confirms nothing (RFC 768).
        package var losesEvery: Int?
        /// The number of network console datagrams after which none gets through any more.
        package var breaksAfter: Int?
        /// Faults of uploads, by their number from 1.
        package var uploadFaults: [Int: TransferFault] = [:]
        /// A fault of every `every`th upload.
        package var repeatedFault: (fault: TransferFault, every: Int)?
        /// Faults of loads, by their number from 1.
        package var loadFaults: [Int: TransferFault] = [:]
        /// A fault of every `every`th load.
        package var repeatedLoadFault: (fault: TransferFault, every: Int)?

        package init() {}
    }

    package enum TransferFault: Sendable {
        /// After this many bytes there are no more answers (`malta-put-tftpput-stalls-ctrlc`).
        case stalls(after: Int)
        /// One bit is flipped. Without evidence: UDP may have no checksum (RFC 768).
        case flips(at: Int)
        /// The server refuses the transfer (`malta-put-tftpput-access`).
        case refused
        /// It ends with `done`, but not everything was sent. Without evidence.
        case short(by: Int)
    }
}
