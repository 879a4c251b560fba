/// The bytes that a receiver reads when the sender's rate differs from its own: 8 data bits, no parity, one stop bit.
package enum SerialSampling {
    /// The received bytes for bytes sent back to back.
    ///
    /// The receiver waits for a falling edge, and samples the middle of each of its own bit times. If there is no stop
    /// bit where one should be, it treats that as the next start (PC16550D, framing error). A frame that is low to its
    /// end is a break.
    /// - Parameter keepsBreaks: whether a break is read as zero, as by U-Boot; Linux with IGNBRK drops it.
    package static func received(_ sent: [UInt8], sentAt: Int, readAt: Int, keepsBreaks: Bool) -> [UInt8] {
        guard sentAt != readAt, sentAt > 0, readAt > 0 else { return sent }
        var wire: [Bool] = []
        for byte in sent {
            wire.append(false)
            for bit in 0..<8 { wire.append(byte >> bit & 1 == 1) }
            wire.append(true)
        }
        // The receiver's bit time, in units of the sender's.
        let width = Double(sentAt) / Double(readAt)
        func level(_ time: Double) -> Bool { time >= Double(wire.count) || wire[Int(time)] }
        func whole(_ time: Double) -> Double { Double(Int(time)) }

        var result: [UInt8] = []
        var edge = 0.0
        while true {
            while edge < Double(wire.count), level(edge) { edge = whole(edge) + 1 }
            guard edge < Double(wire.count) else { return result }
            if level(edge + width / 2) {
                // Too short for a start bit.
                edge = whole(edge + width / 2)
                continue
            }
            var byte: UInt8 = 0
            for bit in 0..<8 where level(edge + width * (Double(bit) + 1.5)) { byte |= 1 << bit }
            let stop = edge + width * 9.5
            if level(stop) {
                result.append(byte)
                edge = stop
            } else if byte != 0 {
                result.append(byte)
                edge = stop - width / 2
            } else {
                if keepsBreaks { result.append(0) }
                edge = stop
                while edge < Double(wire.count), !level(edge) { edge = whole(edge) + 1 }
            }
        }
    }
}
