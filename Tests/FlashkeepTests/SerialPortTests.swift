import BoardChannels
import Foundation
import Testing

struct SerialPortTests {
    @Test func portsWithHardwareAreFound() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "flashkeep-ports-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        func write(_ path: String, _ text: String) throws {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        func link(_ path: String, to target: String) throws {
            let place = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(at: place, withDestinationURL: root.appending(path: target))
        }
        try write("usb/1-1/idVendor", "0403\n")
        try write("usb/1-1/idProduct", "6001\n")
        try write("usb/1-1/product", "FT232R USB UART\n")
        try write("usb/1-1/manufacturer", "FTDI\n")
        try write("usb/1-1/serial", "A1\n")
        try write("drivers/ftdi_sio/bind", "")
        try link("usb/1-1/1-1:1.0/ttyUSB10/driver", to: "drivers/ftdi_sio")
        try link("tty/ttyUSB10/device", to: "usb/1-1/1-1:1.0/ttyUSB10")
        try link("tty/ttyUSB9/device", to: "usb/1-1/1-1:1.0/ttyUSB10")
        try write("platform/serial8250/x", "")
        try write("tty/ttyS1/type", "0\n")
        try link("tty/ttyS1/device", to: "platform/serial8250")
        try write("tty/ttyS0/type", "4\n")
        try link("tty/ttyS0/device", to: "platform/serial8250")
        try write("tty/tty1/dev", "4:1\n")
        try write("dev/ttyUSB10", "")

        let ports = SerialPort.all(sysfs: root.appending(path: "tty").path, devices: root.appending(path: "dev").path)
        #expect(ports.map { $0.path.split(separator: "/").last } == ["ttyS0", "ttyUSB9", "ttyUSB10"])
        let port = try #require(ports.last)
        #expect(port.driver == "ftdi_sio")
        #expect(port.product == "FT232R USB UART")
        #expect(port.manufacturer == "FTDI")
        #expect(port.serialNumber == "A1")
        #expect(port.usbID == "0403:6001")
        #expect(port.isAccessible)
        #expect(ports.first?.isAccessible == false)
        #expect(SerialPort.all(sysfs: root.appending(path: "nothing").path).isEmpty)
    }
}
