import BackupBags
package import FlashModel
import LocalFiles
import Synchronization
package import SystemPackage

/// Checks that every byte of every file in a backup is unchanged since it was made.
package enum Verify {
    /// Verifies a backup.
    ///
    /// - Throws: `notABag`, `bagIncomplete`, `bagUnsafePath` or `fileUnavailable` if it cannot be read at all, and
    ///   `CancellationError`. All other problems are in the report.
    package static func run(
        bag path: FilePath, progress: @escaping ProgressHandler = { _ in }
    ) async throws -> VerifyReport {
        try await examine(bag: path, keepsSums: false, progress: progress).report
    }

    /// The results of a verification, and the opened backup.
    struct Examination: Sendable {
        var report: VerifyReport
        var reader: BagReader
        /// nil if it is unusable.
        var manifest: Manifest?
        /// The checksums of images, by path in the bag; empty unless requested.
        var sums: [String: VerifiedImage.Sums]
    }

    /// Verifies a backup like ``run(bag:progress:)``, and keeps the results for further use.
    ///
    /// - Parameters:
    ///   - keepsSums: whether to keep checksums of the images, so that bytes read later can be verified.
    ///   - wanted: the images to read, by path in the bag; nil for all. Of others only their presence and size is checked.
    static func examine(
        bag path: FilePath, keepsSums: Bool, wanted: (Manifest) -> Set<String>? = { _ in nil },
        progress: @escaping ProgressHandler
    ) async throws -> Examination {
        let bag = try BagReader.open(path, tolerant: true)
        let files = try bag.files()
        var problems = bag.problems.map { VerifyProblem(kind: .list, message: $0) }
        var notes: [String] = []

        let found = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let listed = bag.payload + bag.tags
        problems += unlisted(bag)
        problems += missing(listed, found)
        problems += extra(files, listed: Set(listed.map(\.path)), notes: &notes)
        problems += total(bag.info, files)

        let manifest = self.manifest(of: bag)
        var images: [String: (record: ImageRecord, formatVersion: Int)] = [:]
        if let manifest = manifest.value {
            for image in manifest.images { images[image.path] = (image, manifest.formatVersion) }
        }
        let chosen = manifest.value.flatMap(wanted)
        let jobs = listed.compactMap { entry -> Job? in
            guard let file = found[entry.path], file.kind == .file else { return nil }
            let image = images[entry.path]
            if let chosen, image != nil, !chosen.contains(entry.path) { return nil }
            return Job(
                entry: entry, file: file, size: image.map { min($0.record.size, file.size) } ?? file.size,
                claims: image.map { ProofClaim.all(of: $0.record, formatVersion: $0.formatVersion) } ?? [],
                keepsSums: keepsSums && image != nil)
        }.sorted { $0.file.size > $1.file.size }
        let outcomes = try await read(jobs, in: bag, progress: progress)
        problems += changed(jobs, outcomes)

        var report = VerifyReport(
            bag: path.string, ok: false, problems: [], notes: notes, images: [], filesChecked: jobs.count,
            bytesChecked: jobs.map(\.size).saturatingSum(), summary: nil)
        switch manifest {
        case .read(let manifest, let sha256):
            report.summary = Summary(of: manifest)
            report.images = self.images(manifest, found, outcomes)
            problems += against(manifest, sha256: sha256, found, outcomes, problems)
        case .unusable(let message):
            // If the file is missing, that was reported already.
            if !problems.contains(where: { $0.kind == .missing && $0.path == Manifest.path }) {
                problems.append(VerifyProblem(kind: .manifest, path: Manifest.path, message: message))
            }
        case .failed(let error): throw error
        }
        report.problems = problems
        report.ok = problems.isEmpty
        return Examination(
            report: report, reader: bag, manifest: manifest.value, sums: outcomes.compactMapValues { $0.contents?.sums }
        )
    }

    /// Files that differ from their list.
    private static func changed(_ jobs: [Job], _ outcomes: [String: Outcome]) -> [VerifyProblem] {
        jobs.compactMap { job in
            let path = job.entry.path
            switch outcomes[path] {
            case .read(let contents) where contents.sha256 != job.entry.sha256:
                return VerifyProblem(
                    kind: .changed, path: path, expected: job.entry.sha256, actual: contents.sha256,
                    message: "\(PlainText.line(path)) was changed: its SHA-256 differs")
            case .failed(let error):
                return VerifyProblem(
                    kind: .unreadable, path: path, message: "\(PlainText.line(path)) cannot be read: \(error.why)")
            // Its size tells that it was changed.
            case .read, .tooLong, nil: return nil
            }
        }
    }

    /// The result of reading `flashkeep.json`.
    private enum ReadManifest {
        case read(Manifest, sha256: String)
        case unusable(String)
        case failed(any Error)

        var value: Manifest? {
            if case .read(let manifest, _) = self { manifest } else { nil }
        }
    }

    private static func manifest(of bag: BagReader) -> ReadManifest {
        do {
            let bytes = try bag.manifestBytes()
            return .read(try Manifest.decode(bytes), sha256: StreamingChecksum.digest(of: bytes, .sha256).hex)
        } catch let error as FlashkeepError where error.code == .manifestInvalid || error.code == .manifestTooNew {
            return .unusable("\(error.what): \(error.why)")
        } catch let error as FlashkeepError where error.code == .bagDamaged {
            return .unusable(error.why)
        } catch {
            return .failed(error)
        }
    }

    // MARK: Lists and files

    private static func missing(_ listed: [BagEntry], _ found: [String: BagFile]) -> [VerifyProblem] {
        listed.filter { found[$0.path] == nil }.map { entry in
            VerifyProblem(
                kind: .missing, path: entry.path, expected: entry.sha256,
                message: "\(PlainText.line(entry.path)) is missing")
        }
    }

    /// Reports own tag files that are not listed. Unlisted, anybody could change what the backup says about itself, and
    /// how it is restored.
    private static func unlisted(_ bag: BagReader) -> [VerifyProblem] {
        let listed = Set(bag.tags.map(\.path))
        return BagLayout.ownTags.filter { !listed.contains($0) }.map { name in
            VerifyProblem(
                kind: .list, path: name,
                message: "\(BagLayout.tagManifest) does not list \(name), so it could have been changed")
        }
    }

    private static func extra(_ files: [BagFile], listed: Set<String>, notes: inout [String]) -> [VerifyProblem] {
        var problems: [VerifyProblem] = []
        for file in files {
            let shown = PlainText.line(file.path)
            if file.kind != .file {
                let what = file.kind == .symbolicLink ? "a symbolic link" : "not a regular file"
                problems.append(
                    VerifyProblem(kind: .unreadable, path: file.path, message: "\(shown) is \(what), and was not read"))
            } else if !listed.contains(file.path), file.path != BagLayout.tagManifest,
                !BagLayout.ownTags.contains(file.path)
            {
                // Files outside the payload may be added to a bag (RFC 8493 section 2.2.4), such as the owner's notes.
                if file.path.hasPrefix("data/") {
                    problems.append(
                        VerifyProblem(
                            kind: .extra, path: file.path, message: "\(shown) exists, but is in no list of the backup"))
                } else {
                    notes.append("\(shown) is not part of the backup, and was not checked")
                }
            }
        }
        return problems
    }

    /// Checks `Payload-Oxum` (RFC 8493 section 2.2.2): bytes, a dot, files.
    private static func total(_ info: [BagInfoField], _ files: [BagFile]) -> [VerifyProblem] {
        guard let field = info.first(where: { $0.label == "Payload-Oxum" }) else { return [] }
        let payload = files.filter { $0.path.hasPrefix("data/") }
        let actual = "\(payload.map(\.size).saturatingSum()).\(payload.count)"
        guard field.value != actual else { return [] }
        return [
            VerifyProblem(
                kind: .total, path: BagLayout.bagInfo, expected: PlainText.line(field.value), actual: actual,
                message:
                    "\(BagLayout.bagInfo) has a Payload-Oxum of \(PlainText.line(field.value)) (bytes.files below "
                    + "data/), but the payload has \(actual)"
            )
        ]
    }

    // MARK: Bytes

    private struct Job: Sendable {
        var entry: BagEntry
        var file: BagFile
        /// How many bytes to read: those that the manifest states, if the file has more. The first byte after them
        /// suffices to show that there are more.
        var size: Int
        /// The manifest's claims about checksums that the board computed.
        var claims: [ProofClaim]
        var keepsSums: Bool
    }

    /// The results of reading a file.
    private struct Contents: Sendable {
        var sha256: String
        /// The false claims: the checksum in the manifest, and the correct one.
        var falseClaims: [(claimed: Digest, actual: Digest)]
        var sums: VerifiedImage.Sums?
    }

    private enum Outcome: Sendable {
        case read(Contents)
        /// It has more bytes than the manifest states, and was not read to its end.
        case tooLong
        case failed(FlashkeepError)

        var contents: Contents? {
            if case .read(let contents) = self { contents } else { nil }
        }
    }

    private static func read(
        _ jobs: [Job], in bag: BagReader, progress: @escaping ProgressHandler
    ) async throws -> [String: Outcome] {
        let total = jobs.map(\.size).saturatingSum()
        progress(.began(.checking, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        let results = Results()
        try await FileWorkers.run(jobs) { job, ticket, buffer in
            counter.tell(.item(PlainText.line(job.entry.path), bytes: job.file.size))
            do {
                let file = try bag.file(job.entry.path)
                var hash = StreamingChecksum(.sha256)
                var claims = job.claims
                var sums = job.keepsSums ? VerifiedImage.Sums() : nil
                // One byte more than there should be: the file may be growing.
                var place = 0
                while place <= job.size {
                    try ticket.check()
                    let rest = job.size - place
                    let count = rest < buffer.count ? rest + 1 : buffer.count
                    let got = try file.read(into: &buffer, count: count, at: place)
                    if got == 0 { break }
                    hash.update(buffer[0..<got])
                    for number in claims.indices { claims[number].add(buffer[0..<got], at: place) }
                    sums?.add(buffer[0..<got])
                    place += got
                    counter.add(got)
                }
                if place > job.size, job.file.size > job.size {
                    results.put(.tooLong, for: job.entry.path)
                    return
                }
                let sha256 = hash.finalize()
                let contents = Contents(
                    sha256: sha256.hex,
                    falseClaims: claims.compactMap { claim in
                        claim.contradiction(file: sha256).map { (claim.digest, $0) }
                    }, sums: sums)
                results.put(.read(contents), for: job.entry.path)
            } catch let error as FlashkeepError {
                results.put(.failed(error), for: job.entry.path)
            }
        }
        progress(.ended(.checking))
        return results.all
    }

    private final class Results: Sendable {
        private let outcomes = Mutex<[String: Outcome]>([:])

        var all: [String: Outcome] { outcomes.withLock { $0 } }

        func put(_ outcome: Outcome, for path: String) {
            outcomes.withLock { $0[path] = outcome }
        }
    }

    // MARK: Manifest and files

    private static func images(
        _ manifest: Manifest, _ found: [String: BagFile], _ outcomes: [String: Outcome]
    ) -> [VerifyReport.Image] {
        manifest.images.map { image in
            VerifyReport.Image(
                path: image.path, size: image.size, sha256: image.sha256,
                isIntact: outcomes[image.path]?.contents?.sha256 == image.sha256
                    && found[image.path]?.size == image.size, proof: image.proof)
        }
    }

    /// Finds contradictions between the manifest and the files.
    ///
    /// - Parameters:
    ///   - sha256: of the manifest as it was parsed.
    ///   - known: the problems found already.
    private static func against(
        _ manifest: Manifest, sha256: String, _ found: [String: BagFile], _ outcomes: [String: Outcome],
        _ known: [VerifyProblem]
    ) -> [VerifyProblem] {
        let told = Set(known.compactMap(\.path))
        var problems = contradictions(manifest, found, outcomes, told: told)
        problems += unproven(manifest, outcomes, told: told)
        // The manifest is read twice: as a file like all others, and for its content.
        if let contents = outcomes[Manifest.path]?.contents, contents.sha256 != sha256 {
            problems.append(
                VerifyProblem(
                    kind: .manifest, path: Manifest.path, message: "\(Manifest.path) changed while it was being read"))
        }
        return problems
    }

    /// - Parameter told: the files with problems reported already.
    private static func contradictions(
        _ manifest: Manifest, _ found: [String: BagFile], _ outcomes: [String: Outcome], told: Set<String>
    ) -> [VerifyProblem] {
        var problems: [VerifyProblem] = []
        for image in manifest.images {
            let isTold = told.contains(image.path)
            let shown = PlainText.line(image.path)
            guard let file = found[image.path] else {
                if isTold { continue }
                problems.append(
                    VerifyProblem(
                        kind: .manifest, path: image.path,
                        message: "\(Manifest.path) lists \(shown), which does not exist"))
                continue
            }
            if file.size != image.size {
                problems.append(
                    VerifyProblem(
                        kind: .size, path: image.path, expected: "\(image.size)", actual: "\(file.size)",
                        message: "\(shown) has \(file.size) bytes, but should have \(image.size)"))
            }
            if !isTold, let actual = outcomes[image.path]?.contents?.sha256, actual != image.sha256 {
                problems.append(
                    VerifyProblem(
                        kind: .manifest, path: image.path, expected: image.sha256, actual: actual,
                        message: "the SHA-256 of \(shown) differs from that in \(Manifest.path)"))
            }
        }
        let named = Set(manifest.images.map(\.path))
        for path in found.keys.sorted()
        where path.hasPrefix(BagLayout.images + "/") && !named.contains(path) && !told.contains(path) {
            problems.append(
                VerifyProblem(
                    kind: .manifest, path: path,
                    message: "\(PlainText.line(path)) is an image, but \(Manifest.path) does not list it"))
        }
        return problems
    }

    /// Finds proofs that contradict the manifest or the image.
    ///
    /// - Parameter told: the files with problems reported already; no proof of a changed file can be true.
    private static func unproven(
        _ manifest: Manifest, _ outcomes: [String: Outcome], told: Set<String>
    ) -> [VerifyProblem] {
        manifest.images.filter { !told.contains($0.path) }.flatMap { image -> [VerifyProblem] in
            let shown = PlainText.line(image.path)
            if image.proof.result == .proven, !ProofClaim.covers(image, formatVersion: manifest.formatVersion) {
                return [
                    VerifyProblem(
                        kind: .proof, path: image.path,
                        message: image.proof.against == .none
                            ? "\(shown) is called proven, but was not checked against anything"
                            : "\(shown) is called proven by the board's checksums, which do not cover all of it")
                ]
            }
            return (outcomes[image.path]?.contents?.falseClaims ?? []).map { claimed, actual in
                VerifyProblem(
                    kind: .proof, path: image.path, expected: claimed.hex, actual: actual.hex,
                    message: "\(shown) differs from what was on the board: the board's \(claimed.algorithm.rawValue) "
                        + "was \(PlainText.line(claimed.hex)), and that of the file is \(actual.hex)")
            }
        }
    }
}
