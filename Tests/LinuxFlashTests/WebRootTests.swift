import FlashAccess
import LinuxFlash
import Testing

@Suite struct WebRootTests {
    @Test("Web servers are found among the processes, with their folders and ports")
    func processes() {
        let text = """
            == /
            /usr/sbin/httpd
            -f
            -p
            80
            -h
            /var/wwwroot
            == /www
            busybox
            httpd
            -p8080
            == /
            /usr/sbin/uhttpd
            -f
            -h
            /www
            -p
            0.0.0.0:80
            -p
            [::]:8443
            ==
            /sbin/dropbear
            -p
            22
            == /root
            sh
            /home/webshop
            """
        let found = WebServerProcess.parse(text)
        #expect(found.count == 3)
        #expect(found.map(\.folder) == ["/", "/www", "/"])
        #expect(found.map(\.ports) == [[80], [8080], [80, 8443]])
        #expect(found[0].words.last == "/var/wwwroot")
    }

    @Test(
        "Configuration files name folders and ports",
        arguments: [
            ("DocumentRoot /www/boa\nPort 8080\n", ["/www/boa"], [8080]),
            ("server.document-root = \"/tmp/lighttpd/www/\"\nserver.port=81\n", ["/tmp/lighttpd/www/"], [81]),
            ("server {\n  listen 0.0.0.0:8000;\n  root /usr/share/nginx/html;\n}\n", ["/usr/share/nginx/html"], [8000]),
            ("H:/var/wwwroot\n#H:/no\nA:*\n", ["/var/wwwroot"], []),
            ("dir=/etc/www\nport=80\nuser=root\n", ["/etc/www"], [80]),
            ("root\nlisten 99999999\nport\nH:\n", [], []),
        ])
    func configurations(_ text: String, _ folders: [String], _ ports: [Int]) {
        let found = WebServerConfiguration(text)
        #expect(found.folders == folders)
        #expect(found.ports == ports)
    }

    @Test("Only folders in memory are used, as far as links lead")
    func roots() {
        let mounts = Mounts(
            LinuxProbeReply(
                text: """
                    rootfs / rootfs rw 0 0
                    /dev/root / squashfs ro,relatime 0 0
                    tmpfs /tmp tmpfs rw,nosuid 0 0
                    /dev/mtdblock3 /tmp/flash jffs2 rw 0 0
                    ramfs /var ramfs rw 0 0

                    """))
        let text = """
            /www|/www
            /www/images|/tmp/images
            /www/flash|/tmp/flash/www
            /www/odd||/tmp
            elsewhere|/tmp
            /var/wwwroot|/var/wwwroot
            """
        let roots = WebRoot.all(in: text, folders: ["/www", "/var/wwwroot"], mounts: mounts)
        #expect(roots.map(\.folder) == ["/www", "/tmp/images", "/tmp/flash/www", "/var/wwwroot"])
        #expect(roots.map(\.path) == ["/", "/images/", "/flash/", "/"])
        #expect(roots.map(\.fileSystem) == ["squashfs", "tmpfs", "jffs2", "ramfs"])
        #expect(roots.map(\.isInMemory) == [false, true, false, true])
    }

    private static let meminfo = "MemTotal: 30000 kB\nMemFree: 9000 kB\n"

    @Test(
        "The room is the file system's, and at most half of the free memory",
        arguments: [
            ("Filesystem 1K-blocks Used Available Use% Mounted on\ntmpfs 8192 0 8192 0% /var\n\(meminfo)", 4_500),
            ("Filesystem 1K-blocks Used Available Use% Mounted on\ntmpfs 8192 8000 192 98% /var\n\(meminfo)", 192),
            ("Filesystem 1k-blocks Used Available Use% Mounted on\nramfs 0 0 0 0% /var\n\(meminfo)", 4_500),
            (
                "Filesystem 1k-blocks Used Available Use% Mounted on\na-long-name-of-a-device\n 8192 0 100 0% /var\n"
                    + meminfo, 100
            ),
            (meminfo + "MemAvailable: 2000 kB\n", 1_000),
            ("df: not found\n", nil),
            ("MemFree: -5 kB\n", 0),
            ("MemFree: 9223372036854775807 kB\n", Int(Int32.max)),
        ])
    func room(_ text: String, _ kibibytes: Int?) {
        #expect(WebRootRoom.bytes(in: text) == kibibytes.map { $0 << 10 })
    }
}
