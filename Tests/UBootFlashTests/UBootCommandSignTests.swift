import FlashAccess
import Testing

@testable import UBootFlash

/// Identifies commands by their help.
@Suite("Commands that write flash, by their help")
struct UBootCommandSignTests {
    @Test("U-Boot's commands, from recordings of their help")
    func uboot() throws {
        let malta = try UBootTranscript("malta-version-help")
        for sign in [UBootCommandSign.copy, .erase, .protect] {
            #expect(sign.complaint(about: try malta.reply("help \(sign.command)")) == nil, "\(sign.command)")
        }
        for name in ["sabrelite-2013.07-sf", "sabrelite-2018.03-sf", "sabrelite-version-help"] {
            let reply = try UBootTranscript(name).reply("help sf")
            #expect(UBootCommandSign.serial.complaint(about: reply) == nil, "\(name)")
            #expect(UBootCommandSign.nand.complaint(about: reply) != nil)
        }
        let nand = try UBootTranscript("sandbox-2026.07-nand-info").reply("help nand")
        #expect(UBootCommandSign.nand.complaint(about: nand) == nil)
        let mtd = try UBootTranscript("arm-version-help").reply("help mtd")
        #expect(UBootCommandSign.mtd.complaint(about: mtd) == nil)
    }

    @Test("U-Boot's commands without their long help, in other forms, and missing")
    func ubootWithoutHelp() throws {
        func complaint(_ sign: UBootCommandSign, _ text: String) -> String? {
            sign.complaint(about: UBootReply(text: text))
        }
        #expect(complaint(.serial, "sf - SPI flash sub-system\n\nUsage:\nsf - No additional help available.\n") == nil)
        #expect(complaint(.erase, "erase - erase FLASH memory\n\n") == nil)
        #expect(complaint(.erase, "erase - erase the environment\n\n")?.contains("is not the expected one") == true)
        #expect(complaint(.copy, "cp - memory copy\n\nUsage:\ncp target source count\n")?.contains("cp .b") == true)
        #expect(
            complaint(.serial, "sf - SPI flash\n\nUsage:\nsf probe\nsf read addr offset len\nsf erase offset len\n")?
                .contains("sf write addr offset len") == true)
        #expect(complaint(.nand, "Unknown command 'nand' - try 'help'\n") != nil)
        #expect(complaint(.nand, "") != nil)
    }
}
