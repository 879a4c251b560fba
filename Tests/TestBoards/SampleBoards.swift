import FlashModel

/// Simulated boards used by several tests. Names and sizes are made up, and the erase blocks small, so that tests are
/// fast.
package enum SampleBoards {
    /// A router: SPI-NOR with nested partitions (`dmesg-spi-nor-nested`), and NAND with bad blocks (`mtdinfo-nand-map`)
    /// and an overlap (`dmesg-odd-partitions`).
    package static func router() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 16, blockSize: 1024, seed: 3)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 24, blockSize: 2048, pageSize: 512, oobSize: 16, badBlocks: [5, 17], seed: 4)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [
                nor.device(0, "u-boot", 0..<3), nor.device(1, "firmware", 3..<14),
                nor.device(2, "kernel", 3..<7, parent: 1), nor.device(3, "rootfs", 7..<14, parent: 1),
                nor.device(4, "art", 14..<16),
                nand.device(5, "first", 0..<10), nand.device(6, "over", 8..<16), nand.device(7, "ubi", 16..<24),
            ])
    }

    /// The smallest board with a bad block, an ECC that corrects, and a nested partition. On the evidence of the parts.
    package static func small() -> SimulatedHardware {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 512, pageSize: 128, oobSize: 4, badBlocks: [1], seed: 5)
        nand.corrected = [3]
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme S"), chips: [nand],
            devices: [
                nand.device(0, "boot", 0..<2), nand.device(1, "all", 2..<6), nand.device(2, "rootfs", 4..<6, parent: 1),
            ])
        hardware.chunkBlocks = 1
        return hardware
    }
}
