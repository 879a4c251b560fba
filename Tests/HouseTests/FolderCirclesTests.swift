import Testing

@Suite("Folders of one target")
struct FolderCirclesTests {
    /// Harmless circles, each with its reason. There are none.
    private static let allowed: [FolderCircles.Allowed] = []

    @Test("This package has no circle")
    func package() {
        #expect(SourceFile.all.count > 100)
        for complaint in FolderCircles(SourceFile.all).complaints(allowing: Self.allowed) {
            Issue.record("\(complaint)")
        }
    }

    private static func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path, text) }

    private static let circle = [
        file("House/Roof/Tile.swift", "package struct Tile { let beam: Beam }"),
        file("House/Walls/Beam.swift", "enum Beam { case short, long }"),
        file("House/Walls/Wall.swift", "struct Wall { func hold(_ roof: [Tile]) { Tile.lift(roof) } }"),
        file("House/House.swift", "struct House { var wall = Wall(), tile: Tile? }"),
    ]

    private static let complaint = """
        House: folders in a circle: Roof, Walls
          Roof/Tile.swift -> Walls/Beam.swift: Beam
          Walls/Wall.swift -> Roof/Tile.swift: Tile
        """

    @Test("A circle is reported with its uses")
    func found() {
        #expect(FolderCircles(Self.circle).complaints() == [Self.complaint])
        #expect(
            FolderCircles([
                Self.file("House/Root.swift", "protocol Root: Leaf {}"),
                Self.file("House/Tree/Leaf.swift", "protocol Leaf {}; extension Root {}"),
            ]).complaints() == [
                """
                House: folders in a circle: its root, Tree
                  Root.swift -> Tree/Leaf.swift: Leaf
                  Tree/Leaf.swift -> Root.swift: Root
                """
            ])
    }

    @Test("A circle of three folders is reported, too")
    func three() {
        let files = [("A", "B"), ("B", "C"), ("C", "A")].map { one, next in
            Self.file("House/\(one)/\(one).swift", "final class Type\(one) { let next: Type\(next)? = nil }")
        }
        let complaints = FolderCircles(files).complaints()
        #expect(complaints.count == 1 && complaints.first?.hasPrefix("House: folders in a circle: A, B, C\n") == true)
    }

    @Test("An allowed circle must exist, and does not allow others")
    func allowed() {
        let roof = FolderCircles.Allowed(target: "House", folders: ["Roof", "Walls"], reason: "it stands")
        #expect(FolderCircles(Self.circle).complaints(allowing: [roof]) == [])
        var other = roof
        other.target = "Barn"
        #expect(
            FolderCircles(Self.circle).complaints(allowing: [other]) == [
                Self.complaint, "Barn: no such circle of folders any more: [\"Roof\", \"Walls\"] (it stands)",
            ])
        #expect(FolderCircles([Self.circle[1]]).complaints(allowing: [roof]).count == 1)
    }

    @Test(
        "Text that is not a use of a type",
        arguments: [
            "// Tile", "/* Tile /* of */ Tile */", "let text = \"a Tile\"", "let text = #\"\\(Tile)\"#",
            "let text = \"\"\"\n    Tile \\\"\"\" Tile\n    \"\"\"", "enum Inner { struct Tile {} }; let tile: Tile",
            "let part = Other.Tile.self",
        ])
    func noUse(text: String) {
        #expect(
            FolderCircles([Self.circle[0], Self.circle[1], Self.file("House/Walls/Wall.swift", text)]).circles.isEmpty)
    }

    @Test(
        "Text that is a use",
        arguments: [
            "let text = \"\\(Tile.self)\"", "let text = \"\"\"\n    \\(f(\"(\", Tile.self))\n    \"\"\"",
            "let text = #\"\\#(Tile.self)\"#", "let url = \"http://\"; let tile: Tile", "extension Tile {}",
            "let c = \"\\\\\"; let tile = [Tile]()",
        ])
    func use(text: String) {
        #expect(
            FolderCircles([Self.circle[0], Self.circle[1], Self.file("House/Walls/Wall.swift", text)])
                .complaints() == [Self.complaint])
    }

    @Test("Ambiguous and hidden names are ignored")
    func ambiguous() {
        let second = Self.file("House/Cellar/Tile.swift", "struct Tile {}")
        #expect(FolderCircles(Self.circle + [second]).circles.isEmpty)
        let hidden = Self.file("House/Roof/Tile.swift", "private struct Tile { let beam: Beam }")
        #expect(FolderCircles([hidden] + Self.circle.dropFirst()).circles.isEmpty)
        // Folders of different targets do not matter: the compiler checks those.
        let apart = Self.file("Barn/Roof/Tile.swift", "struct Tile { let beam: Beam }")
        #expect(FolderCircles([apart] + Self.circle.dropFirst()).circles.isEmpty)
    }
}
