import FlashModel
import Testing

@Suite struct CleanupTests {
    private struct Failure: Error {}

    @Test(arguments: [false, true])
    func theCleanupFollowsTheBody(fails: Bool) async {
        for isShielded in [false, true] {
            var steps: [String] = []
            let body = { () async throws -> Int in
                steps.append("body")
                if fails { throw Failure() }
                return 7
            }
            let cleanup = { () async -> Void in steps.append("cleanup") }
            let value =
                isShielded
                ? try? await withShieldedCleanup(body, cleanup: cleanup)
                : try? await withCleanup(body, cleanup: cleanup)
            #expect(value == (fails ? nil : 7) && steps == ["body", "cleanup"])
        }
    }

    @Test func aShieldedCleanupDoesNotSeeThatTheTaskWasCancelled() async {
        let seen = await Task {
            withUnsafeCurrentTask { unsafe $0?.cancel() }
            var seen: [Bool] = []
            try? await withCleanup({ throw Failure() }, cleanup: { seen.append(Task.isCancelled) })
            try? await withShieldedCleanup({ throw Failure() }, cleanup: { seen.append(Task.isCancelled) })
            return seen
        }.value
        #expect(seen == [true, false])
    }
}
