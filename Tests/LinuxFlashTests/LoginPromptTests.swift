import LinuxFlash
import Testing

@Suite struct LoginPromptTests {
    @Test(arguments: [
        ("\r\nOpenWrt login: ", LoginPrompt.user), ("Password: ", .password),
        ("Login incorrect\r\nOpenWrt login: ", .denied), ("Access denied\r\nlogin: ", .denied),
        ("mount: /mnt: Permission denied\r\n~ # ", nil),
        ("Unauthorized use: access denied by law 42.\r\n\r\nroot@board:~# ", nil),
        ("Please press Enter to activate this console.", .pressEnter), ("MT7621 # \r\n=> ", .bootloader("=>")),
        ("[    0.000000] Linux version 5.4\r\n[    0.1] CPU", .booting), ("RedBoot> ", .bootloader("redboot>")),
        // Interleaved kernel messages.
        ("OpenWrt login: [    4.776188] ath10k_pci: warning\r\n[    4.8", .user),
        ("OpenWrt login: [    4.776188] ath10k_pci: warning\r\n", .user),
        ("OpenWrt login: [    4.776188] a\r\n<4>[   14.836188] b\r\n", .user),
        ("OpenWrt login: root\r\nPass[    4.776188] a\r\nword: ", .password),
        ("[    4.776188] a\r\n[    5.776188] b\r\n", .kernelOnly),
        ("[    0.000000] Linux version 5.4\r\n[    0.100000] CPU\r\n", .booting),
    ])
    func promptsAreTold(text: String, expected: LoginPrompt?) {
        #expect(LoginPrompt(Array(text.utf8)) == expected)
    }

    @Test(arguments: ["/ # \u{1B}[6n", "root@OpenWrt:~# ", "$ ", "", "~ >"])
    func shellPromptsAreNone(text: String) {
        #expect(LoginPrompt(Array(text.utf8)) == nil)
    }
}
