private import Glibc
private import SystemPackage

/// A serial port of this computer, as listed in Linux's `/sys/class/tty`.
package struct SerialPort: Sendable, Codable, Hashable {
    /// `/dev/ttyUSB0`.
    package var path: String
    /// The address of a board on this port: `serial:/dev/ttyUSB0`.
    package var address: String
    /// The kernel's driver: `ftdi_sio`, `cp210x`, `ch341-uart`.
    package var driver: String?
    /// As reported by a USB adapter.
    package var manufacturer: String?
    package var product: String?
    package var serialNumber: String?
    /// Vendor and product ID of a USB adapter: `0403:6001`.
    package var usbID: String?
    /// Whether this user may open it.
    package var isAccessible: Bool

    package init(
        path: String, driver: String? = nil, manufacturer: String? = nil, product: String? = nil,
        serialNumber: String? = nil, usbID: String? = nil, isAccessible: Bool = true
    ) {
        self.path = path
        address = "serial:\(path)"
        self.driver = driver
        self.manufacturer = manufacturer
        self.product = product
        self.serialNumber = serialNumber
        self.usbID = usbID
        self.isAccessible = isAccessible
    }

    /// All ports with hardware, ordered by name and number.
    ///
    /// - Parameters:
    ///   - sysfs: the path of `/sys/class/tty`.
    ///   - devices: the path of `/dev`.
    package static func all(sysfs: String = "/sys/class/tty", devices: String = "/dev") -> [SerialPort] {
        names(in: sysfs).sorted { order($0) < order($1) }.compactMap { name in
            let folder = "\(sysfs)/\(name)"
            // Terminals without a device are consoles and pseudo-terminals.
            guard let device = resolved("\(folder)/device") else { return nil }
            // The kernel also lists UARTs that do not exist: their type is 0, PORT_UNKNOWN
            // (include/uapi/linux/serial_core.h).
            if line("\(folder)/type") == "0" { return nil }
            let path = "\(devices)/\(name)"
            var port = SerialPort(
                path: path, driver: resolved("\(device)/driver")?.split(separator: "/").last.map(String.init),
                isAccessible: unsafe access(path, R_OK | W_OK) == 0)
            // The adapter is one or more folders above its port.
            var above = device
            for _ in 0..<4 {
                if let vendor = line("\(above)/idVendor"), let product = line("\(above)/idProduct") {
                    port.usbID = "\(vendor):\(product)"
                    port.manufacturer = line("\(above)/manufacturer")
                    port.product = line("\(above)/product")
                    port.serialNumber = line("\(above)/serial")
                    break
                }
                above = above.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            }
            return port
        }
    }

    /// Sorts `ttyUSB10` after `ttyUSB9`.
    private static func order(_ name: String) -> (String, Int) {
        let stem = name.prefix { !$0.isNumber }
        return (String(stem), Int(name.dropFirst(stem.count)) ?? 0)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Resolves all links of a path; nil if it does not exist.
    private static func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// The first line of a small file, with surrounding blanks removed; nil if there is none.
    private static func line(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
        defer { try? file.close() }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = (try? unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) }) ?? 0
        let text = String(decoding: bytes.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
        let trimmed = text.split(separator: " ").joined(separator: " ")
        return trimmed.isEmpty ? nil : trimmed
    }
}
