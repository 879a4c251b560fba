import FlashAccess
import FlashModel
import LinuxFlash

/// All dialects that may answer on a console. A new one is a type of its own and a line here.
enum ConsoleDialects {
    /// In the order in which they are tried: a bootloader's output is more specific than a system's.
    static func all(
        _ settings: ConsoleSettings, credentials: Credentials, environment: OperationEnvironment,
        notify: @escaping ProgressHandler
    ) -> [any ConsoleDialect] {
        [
            UBootDialect(settings, environment: environment, notify: notify),
            RedBootDialect(settings, environment: environment, notify: notify),
            ReadOnlyLoader.cfe(settings, environment: environment, notify: notify),
            ReadOnlyLoader.realtek(settings, environment: environment, notify: notify),
            ReadOnlyLoader.barebox(settings, environment: environment, notify: notify),
            LinuxDialect(
                credentials: credentials, environment: environment,
                wantsRate: settings.rate != nil && settings.boot == nil, network: settings.linuxNetwork,
                notify: notify),
        ]
    }
}
