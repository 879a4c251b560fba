import FlashAccess
import FlashModel
import LinuxFlash

/// Every dialect that may answer on a console. A new one is a type of its own and a line here.
enum ConsoleDialects {
    /// In the order in which they are asked: what a bootloader says of itself comes before what a system may say.
    static func all(
        _ settings: SerialConnector.Settings, credentials: Credentials, environment: OperationEnvironment,
        notify: @escaping ProgressHandler
    ) -> [any ConsoleDialect] {
        [
            UBootDialect(settings, environment: environment, notify: notify),
            LinuxDialect(settings, credentials: credentials, environment: environment, notify: notify),
        ]
    }
}
