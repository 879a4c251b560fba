import FlashModel

/// The fields of `bag-info.txt` (RFC 8493 section 2.2.2) that the caller provides; sizes are added when it is written.
package struct BagInfo: Sendable, Hashable {
    /// `Bagging-Date`, `YYYY-MM-DD`.
    package var baggingDate: String
    /// `Bag-Software-Agent`: `flashkeep 1.0`.
    package var softwareAgent: String
    /// `External-Description`: one line for people.
    package var description: String
    /// `External-Identifier`: the owner's identifier, such as the board's MAC address.
    package var identifier: String?

    package init(baggingDate: String, softwareAgent: String, description: String, identifier: String? = nil) {
        self.baggingDate = baggingDate
        self.softwareAgent = softwareAgent
        self.description = description
        self.identifier = identifier
    }

    /// The text of the file.
    ///
    /// - Parameters:
    ///   - octets: the total size in bytes of all payload files.
    ///   - streams: the number of payload files.
    func text(octets: Int, streams: Int) -> String {
        var fields = [
            ("Bag-Software-Agent", softwareAgent),
            ("Bagging-Date", baggingDate),
            ("External-Description", description),
        ]
        if let identifier { fields.append(("External-Identifier", identifier)) }
        fields.append(("Bag-Size", ByteCount.text(octets)))
        fields.append(("Payload-Oxum", "\(octets).\(streams)"))
        // A value must stay on its line: a line end in a board's name would begin a new field.
        return fields.map { "\($0.0): \(PlainText.line($0.1))\n" }.joined()
    }
}
