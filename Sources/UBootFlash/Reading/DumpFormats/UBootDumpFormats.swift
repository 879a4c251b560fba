/// The list of all formats.
enum UBootDumpFormats {
    /// The formats that are used if a board has them, cheapest first.
    static var all: [any UBootDumpFormat] {
        let formats: [any UBootDumpFormat] = [
            UBootRecordFormat(), UBootDisplayFormat(.long), UBootDisplayFormat(.word), UBootDisplayFormat(.byte),
        ]
        return formats.sorted { $0.cost < $1.cost }
    }

    /// The formats with a name, `md.b`, or of a command, `md`. `md.q` must be named: `help` does not show which boards
    /// have it, and it saves only three characters in a hundred.
    static func named(_ name: String) -> [any UBootDumpFormat] {
        let quad = UBootDisplayFormat(.quad)
        return name == quad.name ? [quad] : all.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
    }

    /// The format that every U-Boot has, and that is used if no cheaper one proves to work.
    static var usual: any UBootDumpFormat { UBootDisplayFormat(.long) }
    /// The format that needs neither a byte order nor alignment.
    static var plain: any UBootDumpFormat { UBootDisplayFormat(.byte) }
}
