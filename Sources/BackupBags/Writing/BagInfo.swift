import FlashModel

/// The text fields of `bag-info.txt` (RFC 8493 section 2.2.2) that come from outside; sizes are added when it is written.
package struct BagInfo: Sendable, Hashable {
    /// `Bagging-Date`, `YYYY-MM-DD`.
    package var baggingDate: String
    /// `Bag-Software-Agent`: `flashkeep 1.0`.
    package var softwareAgent: String
    /// `External-Description`: one line for a person.
    package var description: String
    /// `External-Identifier`: what the owner calls it, such as the board's MAC address.
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
    ///   - octets: bytes of all payload files.
    ///   - streams: how many they are.
    func text(octets: Int, streams: Int) -> String {
        var fields = [
            ("Bag-Software-Agent", softwareAgent),
            ("Bagging-Date", baggingDate),
            ("External-Description", description),
        ]
        if let identifier { fields.append(("External-Identifier", identifier)) }
        fields.append(("Bag-Size", ByteCount.text(octets)))
        fields.append(("Payload-Oxum", "\(octets).\(streams)"))
        // A value must stay on its line: an end of line in the name of a board would begin a new field.
        return fields.map { "\($0.0): \(PlainText.line($0.1))\n" }.joined()
    }
}
