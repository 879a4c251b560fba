package import FlashAccess
package import FlashModel

/// What a RedBoot said of itself, and what its directory and its configuration on flash say. Any of it may be missing.
package struct RedBootFacts: Sendable {
    /// By question; only those that were answered.
    package let replies: [String: ConsoleReply]
    package let version: RedBootVersion?
    package let help: RedBootHelp?
    package let images: RedBootImageList?
    package let settings: RedBootSettings?
    package let addresses: RedBootNetworkAddresses?
    /// As it is on flash; nil until it was read, or if it is not understood.
    package var directory: RedBootDirectory?
    /// As it is on flash; nil until it was read, or if it is not understood.
    package var configuration: RedBootConfiguration?
    /// Why one of these was not read or not understood, one line each.
    package var notes: [String] = []
    /// Why memory at the addresses of the flash may not be the flash, one line each.
    package var doubts: [String] = []

    /// The name of what was printed before the prompt, among the replies.
    package static let startLogName = "start"
    /// Questions whose answers decide which partition is where.
    static let layoutQuestions = ["version", "fis list"]

    package init(_ replies: [String: ConsoleReply]) {
        self.replies = replies
        // A board that prints its banner at its start and never again still has one.
        version =
            replies["version"].flatMap(RedBootVersion.init)
            ?? replies[Self.startLogName].flatMap(RedBootVersion.init)
        var texts = replies["help"].map(\.output)
        if let more = replies["help fis"] { texts = texts.map { $0 + [0x0A] + more.output } }
        help = texts.flatMap { RedBootHelp(ConsoleReply(output: $0)) }
        images = replies["fis list"].flatMap(RedBootImageList.init)
        settings = replies["fconfig -l -n"].flatMap(RedBootSettings.init)
        addresses = replies["ip_address"].flatMap(RedBootNetworkAddresses.init)
    }

    /// The questions to ask of a RedBoot with these commands, in order, behind `version`, `help` and `help fis`.
    package static func questions(_ help: RedBootHelp?, _ commands: RedBootCommands) -> [String] {
        guard let help else { return [commands.imageList()] }
        var questions: [String] = []
        if help.has("fis") {
            questions.append(commands.imageList())
            if help.has("fis list", option: "-c") { questions.append(commands.imageChecksums()) }
            if help.has("fis list", option: "-d") { questions.append(commands.imageDataLengths()) }
        }
        if help.has("fconfig") { questions += [commands.configuration(), commands.configurationKeys()] }
        if help.has("ip_address") { questions.append(commands.addresses()) }
        return questions
    }

    /// Whether a reply is complete, as far as its form shows.
    static func isWhole(_ reply: ConsoleReply, to question: String) -> Bool {
        switch question {
        case "version": RedBootVersion(reply).map { !$0.chips.isEmpty && $0.memory != nil } == true
        case "fis list", "fis list -c", "fis list -d": RedBootImageList(reply)?.strayLines.isEmpty == true
        default: true
        }
    }

    /// Whether the board computes checksums. Without its help it is asked all the same.
    package var hasChecksum: Bool { help.map { $0.has("cksum") } != false }

    /// Where flash is mapped into the address space.
    package var mappedFlash: [Range<UInt64>] {
        guard let version else { return [] }
        return version.chips.map(\.range)
    }

    /// The chip that contains an address, with its number.
    func chip(at address: UInt64) -> (number: Int, chip: RedBootVersion.Chip)? {
        guard let chips = version?.chips, let number = chips.firstIndex(where: { $0.range.contains(address) }) else {
            return nil
        }
        return (number, chips[number])
    }

    /// The address of a chip of the survey; nil if there is no such chip.
    func base(of id: Chip.ID) -> UInt64? {
        guard let chips = version?.chips else { return nil }
        return chips.indices.first { RedBootChipMap.chipName($0) == id }.map { chips[$0].start }
    }

    // MARK: Memory

    /// The bytes at the end of free RAM that are left alone: RedBoot's work area for the directory, its copies of the
    /// configuration, and the stack of `go` lie there and below.
    private static let reservedEnd: UInt64 = 64 << 10

    /// Free RAM.
    ///
    /// - Parameter count: how many bytes must fit.
    /// - Throws: `toolMissing` if no RAM is known to be free.
    package func freeMemory(_ count: Int) throws(FlashkeepError) -> Range<UInt64> {
        guard let version, !version.freeMemory.isEmpty else {
            throw noMemory("version does not print which RAM is available")
        }
        for free in version.freeMemory {
            for alignment: UInt64 in [64 << 10, 1 << 10] {
                let start = (free.lowerBound + alignment - 1) / alignment * alignment
                guard free.upperBound > Self.reservedEnd, count >= 0, let end = start.plus(count),
                    end <= free.upperBound - Self.reservedEnd, start < end,
                    !mappedFlash.contains(where: { $0.overlaps(start..<end) })
                else { continue }
                return start..<end
            }
        }
        throw noMemory("the RAM that RedBoot leaves free does not hold \(ByteCount.text(count))")
    }

    private func noMemory(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "There is no free RAM on the board.", why: why,
            next: "Start its Linux, and restore from there, or use a programmer.")
    }
}
