import FlashModel
import Testing

@testable import BoardAccess

@Suite("Keys on the command line")
struct StopKeyArgumentTests {
    @Test(
        "Valid keys",
        arguments: [
            (" ", [0x20]), ("s", [0x73]), ("tpl", [0x74, 0x70, 0x6C]), ("\\x03", [0x03]), ("\\e\\e", [0x1B, 0x1B]),
            ("\\r", [0x0D]), ("\\n", [0x0A]), ("\\t", [0x09]), ("\\\\", [0x5C]), ("\\x1bX", [0x1B, 0x58]),
            ("a\\x00b", [0x61, 0, 0x62]), ("\\xFF", [0xFF]), ("ä", [0xC3, 0xA4]), ("\\x411", [0x41, 0x31]),
        ] as [(String, [UInt8])])
    func understood(_ text: String, _ bytes: [UInt8]) throws {
        #expect(try StopKeyArgument.bytes(text) == bytes)
    }

    @Test(
        "Invalid keys",
        arguments: [
            "", "\\", "a\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x+1", "\\x-1", "\\x 1", "\\E",
            String(repeating: "a", count: 65),
        ])
    func notUnderstood(_ text: String) {
        do {
            let bytes = try StopKeyArgument.bytes(text)
            Issue.record("\(text) is \(bytes)")
        } catch let error as FlashkeepError {
            #expect(error.code == .usage)
            #expect(!error.next.isEmpty)
        } catch {
            Issue.record(error)
        }
    }

    @Test func theLongest() throws {
        #expect(try StopKeyArgument.bytes(String(repeating: "a", count: 64)).count == 64)
        #expect(try StopKeyArgument.bytes(String(repeating: "\\x41", count: 64)).count == 64)
    }
}
