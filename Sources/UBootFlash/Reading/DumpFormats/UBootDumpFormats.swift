/// The formats that there are.
enum UBootDumpFormats {
    /// Those that are taken where a board has them, the cheapest first.
    static var all: [any UBootDumpFormat] {
        let formats: [any UBootDumpFormat] = [
            UBootRecordFormat(), UBootDisplayFormat(.long), UBootDisplayFormat(.word), UBootDisplayFormat(.byte),
        ]
        return formats.sorted { $0.cost < $1.cost }
    }

    /// Those of a name, `md.b`, or of a command, `md`. `md.q` is taken by its name alone: `help` does not tell which
    /// boards have it, and it spares three characters in a hundred.
    static func named(_ name: String) -> [any UBootDumpFormat] {
        let quad = UBootDisplayFormat(.quad)
        return name == quad.name ? [quad] : all.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
    }

    /// What every U-Boot has, and is used where nothing cheaper was seen to work.
    static var usual: any UBootDumpFormat { UBootDisplayFormat(.long) }
    /// What needs no order of bytes and no alignment.
    static var plain: any UBootDumpFormat { UBootDisplayFormat(.byte) }
}
