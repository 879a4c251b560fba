@main
struct Flashkeep {
    static func main() {}
}
