/// How CFE prints a chip.
package enum CFEWindow: Sendable, Hashable {
    /// By `fdump`, which takes the device's name.
    case device(String)
    /// It is mapped into the address space, from this address on.
    case mapped(base: UInt64)
    /// By `dn`, page by page.
    case nand(CFENANDGeometry)
}
