/// Common files that no bootloader starts from RAM, recognized by their first bytes so that a refusal can name them.
package struct ForeignFirmware: ImageFormat {
    package static let name = "foreign firmware"

    package let summary: String

    package static func recognize(_ bytes: inout ImageBytes) throws -> ForeignFirmware? {
        let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
            (0, Array("HDR0".utf8), "firmware for Broadcom boards (TRX), made to be written to flash"),
            (0, [0x5E, 0xA3, 0xA4, 0x17], "firmware in a Seama container, made to be written to flash"),
            (0, Array("*#$^".utf8), "NETGEAR firmware (CHK), made to be written by its own upgrade"),
            (0, Array("device:".utf8), "NETGEAR firmware, made to be written by its own upgrade"),
            (0, Array("UBNT".utf8), "Ubiquiti firmware, made to be written by its own upgrade"),
            (4, Array("TP-LINK Technologies".utf8), "TP-Link firmware, made to be written to flash"),
            (0, [0x31, 0x18, 0x10, 0x06], "a UBIFS file system"),
            (0, Array("hsqs".utf8), "a SquashFS file system"),
            (0, Array("sqsh".utf8), "a SquashFS file system"),
            (0, [0x85, 0x19], "a JFFS2 file system"),
            (0, [0x19, 0x85], "a JFFS2 file system"),
            (0, [0x45, 0x3D, 0xCD, 0x28], "a CramFS file system"),
            (0, Array("070701".utf8), "a RAM disk without a kernel (cpio)"),
            (0, Array("ANDROID!".utf8), "an Android boot image"),
            (0, Array("BOOTLOADER!".utf8), "an Android bootloader"),
            (257, Array("ustar".utf8), "a tar archive, as sysupgrade images of NAND boards are"),
            (0, [0x50, 0x4B, 0x03, 0x04], "a ZIP archive"),
            (0, Array("%PDF".utf8), "a PDF document"),
        ]
        for signature in signatures where try bytes.has(signature.bytes, at: signature.offset) {
            return ForeignFirmware(summary: signature.name)
        }
        return nil
    }
}
