import EVAFlash
import Testing
import Transfers

@Suite("The search for AVM's loaders")
struct EVADiscoveryTests {
    @Test("The questions carry no address, so that nothing is set")
    func questions() {
        // OpenWrt `adam2flash.pl`: pack("vCCVNV", 0, 18, 1, 1, address, 0), and 22, 2 for ADAM2.
        #expect(
            EVADiscovery.questions == [
                [0, 0, 0x12, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                [0, 0, 0x16, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ])
    }

    @Test("Answers name the sender in either order of bytes, and nothing else is one")
    func answers() throws {
        let box = try #require(IPv4Address("192.168.178.1"))
        let answer: [UInt8] = [0, 0, 0x12, 1, 2, 0, 0, 0, 1, 178, 168, 192, 0, 0, 0, 0]
        #expect(EVADiscovery.isAnswer(answer, from: box))
        #expect(EVADiscovery.isAnswer([0, 0, 0x16, 2, 2, 0, 0, 0, 192, 168, 178, 1, 0, 0, 0, 0], from: box))
        #expect(!EVADiscovery.isAnswer(answer, from: try #require(IPv4Address("192.168.178.2"))))
        #expect(!EVADiscovery.isAnswer(EVADiscovery.questions[0], from: box))
        for count in 0..<16 { #expect(!EVADiscovery.isAnswer(Array(answer.prefix(count)), from: box)) }
        for place in 0..<12 where place != 2 && place != 3 {
            var other = answer
            other[place] ^= 0x40
            #expect(!EVADiscovery.isAnswer(other, from: box), "\(place)")
        }
    }
}
