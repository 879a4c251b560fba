internal import FlashAccess
internal import FlashModel

/// A board that can be reached only through a page with links to dumps.
final class LinkedDumps: FlashBoard {
    private let client: WebClient
    private let address: WebAddress
    private var readers: [HTTPFlashReader] = []

    init(_ client: WebClient, _ address: WebAddress) {
        self.client = client
        self.address = address
    }

    var accessMethod: String { "a web page of dumps" }

    var retries: Int { readers.map(\.repeats).saturatingSum() }

    func survey() async throws -> SurveyedFlash {
        let page = try await DumpPage.fetch(client, address)
        let found = try DumpPageSurvey(page)
        let reader = HTTPFlashReader(client, found.sources)
        readers.append(reader)
        var evidence = [
            Evidence(name: "page.html", bytes: client.transcript.blanked(page.page.bytes)),
            Evidence(name: "files.txt", bytes: Array(page.files.map { $0.line + "\n" }.joined().utf8)),
        ]
        if let table = page.table { evidence.append(Evidence(name: "proc-mtd.txt", bytes: table)) }
        let example = found.sources.min { $0.key < $1.key }?.value.address.url
        let (client, address) = (client, address)
        return SurveyedFlash(
            survey: found.survey, evidence: evidence, reader: reader, writer: nil,
            layout: HTTPLayoutWatch(survey: found.survey) {
                try DumpPageSurvey(try await DumpPage.fetch(client, address)).survey
            },
            transfer: HTTPTransferDescription(address, commands: example.map { ["GET \($0)"] } ?? []), hints: .pages)
    }
}
