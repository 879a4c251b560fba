import FlashModel
import Glibc

/// The number of files that this process may have open (`RLIMIT_NOFILE`, getrlimit(2)). Libraries that run out of them
/// end the process.
enum FileLimit {
    /// What connections, their event loops (epoll, eventfd and timerfd for each processor) and the files of a backup
    /// need at most.
    static var needed: Int { 64 + 4 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Raises the limit as far as necessary and allowed.
    ///
    /// - Throws: ``FlashkeepError`` with `fileUnavailable` if it stays too low.
    static func raise() throws {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = rlim_t(needed)
        if limit.rlim_cur >= wanted { return }
        var raised = limit
        raised.rlim_cur = min(limit.rlim_max, wanted)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0, raised.rlim_cur >= wanted
        else { throw tooLow(min(limit.rlim_max, wanted)) }
    }

    private static func tooLow(_ limit: rlim_t) -> FlashkeepError {
        FlashkeepError(
            .fileUnavailable, what: "Too few files may be open at once.",
            why: "This process may have \(limit) open files, and needs up to \(needed).",
            next: "Raise the limit with: ulimit -n 1024")
    }
}
