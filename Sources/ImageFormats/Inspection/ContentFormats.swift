/// The formats that can be found inside an image.
package enum ContentFormats {
    /// All formats. Of two findings with the same range and grade, the earlier one contains the other.
    package static let all: [any ContentFormat.Type] =
        containers + bootloaders + fileSystems + kernels + streams + unitData

    private static let containers: [any ContentFormat.Type] = [
        TRX.self, BroadcomTag.self, TPLinkHeader.self, SafeLoaderFile.self, SEAMA.self, NetgearCHK.self, DLinkWRGG.self,
        XiaomiHDR1.self, LinksysCHDR.self, EdimaxHeader.self, SerCommHeader.self, ZyXELTRX.self, RealtekImage.self,
        EVAKernel.self, JCGHeader.self, SenaoHeader.self, BuffaloTag.self, DNIHeader.self, EncryptedFirmware.self,
        FWTool.self, OverlayMark.self, LegacyImageContent.self,
        DeviceTreeContent.self, FIP.self, AndroidBoot.self,
    ]

    private static let bootloaders: [any ContentFormat.Type] = [
        UBootEnvironmentContent.self, UBootDefaults.self, UBootBinary.self, OtherLoaders.self, MediaTekBootHeader.self,
        AllwinnerBoot.self, BroadcomNVRAM.self, BCM963xxNVRAM.self, RedBootFIS.self, RedBootConfig.self,
        MarvellBoot.self, QualcommTable.self, SafeLoaderTable.self, GPT.self, MBR.self,
    ]

    private static let fileSystems: [any ContentFormat.Type] = [
        Squashfs.self, JFFS2.self, UBIContent.self, UBIFS.self, CramFS.self, RomFS.self, ExtFS.self, FATFS.self,
        EROFS.self, CPIOArchive.self, TarArchive.self,
    ]

    private static let kernels: [any ContentFormat.Type] = [
        LinuxKernelContent.self, X86Kernel.self, LinuxVersion.self, KernelConfig.self, ELFContent.self,
    ]

    private static let streams: [any ContentFormat.Type] = [
        GzipStream.self, XZStream.self, LZMAStream.self, ZstdFrame.self, LZ4Frame.self, LZ4LegacyFrame.self,
        Bzip2Stream.self, LZOPFile.self,
    ]

    private static let unitData: [any ContentFormat.Type] = [
        MediaTekEEPROM.self, AR9300Calibration.self, AtherosCalibration.self, RouterBOOTConfig.self, PEMText.self,
        DERKeys.self, DropbearKey.self,
    ]

    /// Their signatures, prepared once.
    package static let table = SignatureTable(all)
}
