import BoardChannels
import BoardConsoles
import FlashModel
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Backups of boards with endless output. In real time, with short limits.
@Suite("Backups from boards that talk without end", .serialized, .timeLimit(.minutes(5)))
struct TalkingBoardTests {
    /// When the output starts: at the first question of the survey, or when flash data is requested.
    private static let beginnings = ["/proc/mtd", "fkread '"]

    private static let talks = [
        Talk("x", every: .milliseconds(300)),
        Talk("[   12.345678] ath10k_pci 0000:00:00.0: firmware warning\r\n", every: .milliseconds(56)),
        Talk("ath10k_pci 0000:00:00.0: firmware warning, peer unreachable\r\n", bytes: 4_096, every: .milliseconds(5)),
    ]

    private var timing: ShellTiming {
        var timing = ShellTiming.quick
        timing.silence = .milliseconds(1_000)
        timing.probe = .milliseconds(800)
        timing.limits.login = .seconds(8)
        timing.limits.reply = .seconds(3)
        timing.limits.farewell = .seconds(4)
        timing.limits.slowestLine = 100_000
        return timing
    }

    @Test("The backup ends with the words that were heard", arguments: beginnings, talks)
    func ends(_ beginning: String, _ talk: Talk) async throws {
        let board = try FolderBoard(BadLineTests.hardware())
        // The board is silent otherwise: the endless output replaces the shell.
        let opener = TalkingOpener(board.terminal(), talk, starts: { $0.contains(beginning) })
        let folder = try ScratchFolder()
        let start = ContinuousClock.now
        do {
            let report = try await Backup.run(
                board.connector(opener, timing: timing),
                options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated())
            // Output between frames, or kernel messages, are harmless if the shell continues.
            let problems = BagCheck.problems(report, board.hardware)
            #expect(problems.isEmpty, "\(problems)")
        } catch let error as FlashkeepError {
            Words.expectClear(error)
            #expect(
                [.noReplyInTime, .boardSilent, .replyNotUnderstood].contains(error.code), "\(error)")
        }
        #expect(start.duration(to: .now) < .seconds(120))
        #expect(board.offences.isEmpty, "\(board.offences)")
    }
}
