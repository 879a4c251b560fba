private import CCurl
internal import FlashModel

/// The system's libcurl, which is loaded when it is first needed.
enum CurlLibrary {
    /// - Throws: ``FlashkeepError`` with `programMissing` if this computer does not have it.
    static func check() throws(FlashkeepError) {
        guard flashkeep_curl_load() == 0 else { return }
        throw FlashkeepError(
            .programMissing, what: "Web pages cannot be read on this computer.",
            why: "It does not have the library libcurl (libcurl.so.4), version 7.85 or later.",
            next: "Install it (Debian and Ubuntu: apt install libcurl4), or reach the board in another way.")
    }
}
