/// A U-Boot command that starts an image in RAM (U-Boot `cmd/bootm.c`, `cmd/bootz.c`, `cmd/booti.c`, `cmd/go.c`).
package enum BootCommand: String, Sendable, CaseIterable {
    case bootm
    case bootz
    case booti
    case go
}
