import FlashModel

/// Effects and output of `sf` (`sabrelite-sf`, `sabrelite-2013.07-sf`, `lab-sabrelite-sf-unprobed` and `-past-end`;
/// `cmd/sf.c`). The first message of the silent form is HiSilicon's.
extension UBootMachine {
    mutating func spi(_ words: [String]) -> Done {
        guard let flash = scenario.hardware.chips["spi0"] else {
            return Done(text: "Failed to initialize SPI flash at 0:0\n")
        }
        let size = flash.bytes.count
        switch words.dropFirst().first {
        case "probe":
            isProbed = true
            let kibibytes = "\(size >> 10) KiB"
            if scenario.spiForm == .silent {
                return Done(text: "\(kibibytes) hi_sfc at 0:0 is now current device\n", time: 20_000)
            }
            return Done(
                text:
                    "SF: Detected w25q128 with page size 256 Bytes, erase size \(flash.chip.eraseBlockSize >> 10) KiB, "
                    + "total \(kibibytes)\n", time: 20_000)
        case "read":
            guard isProbed else { return Done(text: "No SPI flash selected. Please run `sf probe'\n") }
            guard words.count == 5, let target = Self.number(words[2]), let offset = Self.number(words[3]),
                let count = Self.number(words[4])
            else { return Done(text: "sf - SPI flash sub-system\n\nUsage:\nsf probe [[bus:]cs] [hz] [mode]\n") }
            return readSPI(flash, to: target, offset: offset, count: count)
        case "erase", "write":
            guard scenario.hardware.isWritable else { fallthrough }
            return writeSPI(words)
        default:
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
    }

    private mutating func readSPI(
        _ flash: SimulatedHardware.Flash, to target: UInt64, offset: UInt64, count: UInt64
    ) -> Done {
        let size = UInt64(flash.bytes.count)
        guard offset <= size, count <= size - offset else {
            switch scenario.spiForm {
            case .silent: return Done()
            case .short: return Done(text: "ERROR: attempting read past flash size (\(Self.short(size)))\n")
            case .long:
                return Done(text: "Size exceeds partition or device limit\nsf - SPI flash sub-system\n\nUsage:\n")
            }
        }
        let range = Int(offset)..<Int(offset + count)
        let isUnreadable = flash.unreadable.contains { $0.overlaps(range) }
        var done = Done(time: 200 + range.count / 4, asks: false)
        if !isUnreadable {
            let stored = store(Array(flash.bytes[range]), at: target, "sf read")
            if stored.crash != nil { return stored }
        }
        switch scenario.spiForm {
        case .silent: break
        case .short, .long:
            if scenario.spiForm == .long {
                done.text = "device 0 offset \(Self.short(offset)), size \(Self.short(count))\n"
            }
            let word = !isUnreadable ? "OK" : scenario.spiForm == .long ? "ERROR -5" : "ERROR"
            done.text += "SF: \(count) bytes @ \(Self.short(offset)) Read: \(word)\n"
        }
        return done
    }

    /// Ralink's and MediaTek's `spi` (`drivers/spi_flash.c` of LinkIt Smart 7688's U-Boot 1.1.3, ralink_spi_command).
    mutating func printedSPI(_ words: [String]) -> Done {
        guard let flash = scenario.hardware.chips["spi0"] else { return Done(text: "device id: 0 0 0 0 0\n") }
        let arguments = Array(words.dropFirst())
        switch arguments.first {
        case "id": return Done(text: "device id: \(scenario.serialID)\n")
        case "read":
            guard arguments.count == 3, let offset = Self.number(arguments[1]), let count = Self.number(arguments[2])
            else {
                offend(.forbidden, words.joined(separator: " "))
                return Done()
            }
            // CFG_MALLOC_LEN is 256 KiB.
            guard count <= 128 << 10 else { return Done(text: "malloc error\n") }
            guard offset + count <= UInt64(flash.bytes.count) else {
                // The chip begins again.
                offend(.memory, words.joined(separator: " "))
                return Done()
            }
            let bytes = flash.bytes[Int(offset)..<Int(offset + count)]
            return Done(
                text: "read len: \(count)\n" + bytes.map { String($0, radix: 16) + " " }.joined() + "\n", asks: false)
        default:
            offend(.forbidden, words.joined(separator: " "))
            return Done()
        }
    }
}
