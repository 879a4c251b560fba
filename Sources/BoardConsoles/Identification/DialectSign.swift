/// What a dialect recognises in the output of a console.
package enum DialectSign: Sendable, Hashable {
    /// It starts. Its countdown may follow, or its prompt.
    case starts
    /// It counts down, and one of these keys stops it; best first, empty if it names none. With its own words.
    case countsDown(keys: [[UInt8]], text: String)
    /// It may count down, in words from which no key is taken: only for a message.
    case mayCountDown(text: String)
    /// It shows a menu, whose digits may write flash. The digit that leads to the command line; nil if none is named.
    case menu(commandLineKey: UInt8?)
    /// It asks for a password, with this line.
    case asksForPassword(String)
    /// It starts a system, with this line, and is gone.
    case startsSystem(String)
    /// It is certain that this dialect answers: its login prompt, or its banner where nothing else is needed.
    case answers
    /// Bytes that occur in no text: mostly another rate.
    case garbage
}

/// What a dialect says of the reply to a word that no console knows as a command.
package enum DialectVerdict: Sendable, Hashable {
    /// Its own complaint, and then this prompt: the candidate, or the candidate with one damaged character.
    case complains(prompt: [UInt8])
    /// Its own complaint, and nothing that is a prompt: part of the reply was lost.
    case unclear
    /// Its own words: this dialect answers, without a prompt that would matter.
    case answers
    /// Not the words of this dialect.
    case no
}
