/// Something that a finding says about itself.
///
/// Texts come from flash as they are: whoever displays them must escape them.
package struct Fact: Sendable, Hashable {
    /// A value with its meaning.
    package enum Value: Sendable, Hashable {
        case text(String)
        case texts([String])
        /// A count, a version or a code.
        case number(Int)
        /// A size in bytes.
        case size(Int)
        /// An address in memory, or an offset that is not in the image.
        case address(UInt64)
        /// Seconds since 1970, UTC.
        case date(Int64)
        case flag(Bool)
    }

    /// In lower case, with blanks: `load address`. The same name means the same in all formats.
    package var name: String
    package var value: Value

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// A text; nil if it is empty, because an empty field says nothing.
    package static func text(_ name: String, _ text: String?) -> Fact? {
        guard let text, !text.isEmpty else { return nil }
        return Fact(name, .text(text))
    }

    /// A list; nil if it is empty.
    package static func texts(_ name: String, _ texts: [String]) -> Fact? {
        texts.isEmpty ? nil : Fact(name, .texts(texts))
    }

    /// A number; nil if it is unknown.
    package static func number(_ name: String, _ number: Int?) -> Fact? { number.map { Fact(name, .number($0)) } }
}
