/// How long the client of AVM's loaders waits, and how little it accepts. Every wait has an end.
package struct EVALimits: Sendable {
    /// For a board to be switched on. YourFritz `eva_tools/eva_discover` waits as long.
    package var window: Duration = .seconds(120)
    /// From one attempt to connect to the next. A loader listens for about five seconds after power-on.
    package var poll: Duration = .milliseconds(100)
    /// For a connection to open.
    package var connection: Duration = .seconds(1)
    /// For a loader that was reached to accept another session.
    package var session: Duration = .seconds(10)
    /// For a reply.
    package var reply: Duration = .seconds(10)
    /// For the checksum of a partition, besides the time for its bytes.
    package var check: Duration = .seconds(30)
    /// The slowest pace of a checksum, in bytes per second.
    package var checkPace = 64 << 10
    /// How long a transfer may bring fewer than ``leastBytes``.
    package var silence: Duration = .seconds(20)
    /// The bytes that a transfer must bring within ``silence``, in bytes.
    package var leastBytes = 1_024
    /// For the loader to end a session, or to say why it ended a transfer. It need not do either.
    package var farewell: Duration = .seconds(2)

    package init() {}
}
