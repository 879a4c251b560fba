import ArgumentParser
import BoardChannels

/// `flashkeep ports`
struct PortsVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "ports", abstract: "Lists the serial ports of this computer.",
            usage: "flashkeep ports [options]",
            discussion: """
                Examples:
                  flashkeep ports
                  flashkeep info 'serial:/dev/ttyUSB0?baud=115200'
                """)
    }

    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    struct Document: Encodable {
        var formatVersion = 1
        var ports: [SerialPort]
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        let ports = SerialPort.all()
        try context.give(Document(ports: ports)) { PortsText.text(ports, style: context.style) }
        return .done
    }
}
