import BoardChannels

/// The text that `ports` prints. Pure.
enum PortsText {
    static func text(_ ports: [SerialPort], style: TextStyle) -> String {
        guard !ports.isEmpty else {
            return """
                No serial port was found on this computer.
                Plug in the USB adapter, and try again. For a virtual machine or container it must be passed through.

                """
        }
        var table = TextTable([
            ("Address", .left), ("Driver", .left), ("Device", .left), ("Serial number", .left), ("", .left),
        ])
        for port in ports {
            let device = [port.manufacturer, port.product].compactMap { $0 }.joined(separator: " ")
            table.add([
                SafeText.line(port.address), SafeText.line(port.driver ?? ""),
                SafeText.line(device.isEmpty ? port.usbID.map { "USB \($0)" } ?? "" : device, limit: 60),
                SafeText.line(port.serialNumber ?? "", limit: 30),
                port.isAccessible ? "" : "no permission: sudo usermod -aG dialout $USER",
            ])
        }
        return table.lines(indent: "", style: style).joined(separator: "\n") + "\n"
    }
}
