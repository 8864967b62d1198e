import Cluster
import Testing

@Suite("The rate of a department")
struct DepartmentRateTests {
    @Test("A burst is taken at once, then so many a second, whatever the others do")
    func rate() {
        let rate = DepartmentRate(perSecond: 10, burst: 50)
        let start = ContinuousClock.now
        #expect((0..<200).count { _ in rate.admits("A", now: start) } == 50)
        #expect(rate.admits("B", now: start))
        var taken = 0
        for step in 1...1_000 {
            let now = start + .milliseconds(10 * step)
            for _ in 0..<3 where rate.admits("A", now: now) { taken += 1 }
            // Whoever keeps to its rate is never turned away by another's flood.
            if step % 10 == 0 { #expect(rate.admits("B", now: now)) }
        }
        #expect((99...101).contains(taken))
        // A quiet minute fills the burst again, and no more than that.
        let later = start + .seconds(100)
        #expect((0..<200).count { _ in rate.admits("A", now: later) } == 50)
    }

    @Test("A clock that seems to go back gives nothing away")
    func backwards() {
        let rate = DepartmentRate(perSecond: 1_000, burst: 1)
        let start = ContinuousClock.now
        #expect(rate.admits("A", now: start))
        #expect(!rate.admits("A", now: start - .seconds(60)))
        #expect(!rate.admits("A", now: start))
    }
}
