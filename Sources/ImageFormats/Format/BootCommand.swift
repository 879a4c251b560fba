/// A command of U-Boot that starts what lies in memory (U-Boot `cmd/bootm.c`, `cmd/bootz.c`, `cmd/booti.c`, `cmd/go.c`).
package enum BootCommand: String, Sendable, CaseIterable {
    case bootm
    case bootz
    case booti
    case go
}
