package import BoardAccess
package import EVAFlash
package import FlashModel

extension SimulatedEVA {
    /// A connector to this loader, with limits that suit tests.
    package func connector(
        finder: (any EVAFinding)? = nil, _ change: (inout EVALimits) -> Void = { _ in },
        notify: @escaping ProgressHandler = { _ in }
    ) -> EVAConnector {
        var limits = EVALimits()
        limits.window = .seconds(20)
        limits.poll = .milliseconds(10)
        limits.session = .seconds(2)
        limits.farewell = .milliseconds(500)
        change(&limits)
        guard let finder else {
            return EVAConnector(
                address: "eva://127.0.0.1:\(port)", host: "127.0.0.1", port: port, limits: limits,
                environment: .simulated(), notify: notify)
        }
        return EVAConnector(
            address: "eva://", host: nil, port: port, limits: limits, finder: finder, environment: .simulated(),
            notify: notify)
    }

    /// A box with 16 erase blocks of 4 KiB of NOR: urlader, kernel, and the two partitions of settings.
    package static func box() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("flash", kind: .nor, blocks: 16, blockSize: 4096, seed: 21)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Fritz_Box_7170"), chips: [nor],
            devices: [
                nor.device(1, "kernel", 1..<14), nor.device(2, "urlader", 0..<1), nor.device(3, "tffs1", 14..<15),
                nor.device(4, "tffs2", 15..<16),
            ])
    }
}
