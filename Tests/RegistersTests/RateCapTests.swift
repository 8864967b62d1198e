import Cluster
import Testing

@testable import Registers

@Suite("The cap of a general item's rate")
struct RateCapTests {
    @Test(
        "a rate above the cap is named with item, cap and rate; a key item has none",
        arguments: [
            (50_000, 50_000, false), (50_000, 50_001, true), (nil, 1_000_000, false), (0, 1, true), (0, 0, false),
        ]
            as [(Int?, Int, Bool)])
    func cap(cap: Int?, rate: Int, refused: Bool) {
        let reasons = RateCap.reasons(item: "SP-01", cap: cap, rates: [("rate", 0), ("rates.D", rate)])
        #expect(reasons.map(\.field) == (refused ? ["rates.D"] : []))
        for reason in reasons {
            #expect(reason.code == "rate.above-cap")
            for word in ["SP-01", RateCap.percent(ppm: cap ?? 0), RateCap.percent(ppm: rate)] {
                #expect(reason.message.contains(word))
            }
        }
    }

    @Test(
        "parts per million are written as a percentage without rounding",
        arguments: [
            (0, "0%"), (1, "0.0001%"), (5_000, "0.5%"), (50_000, "5%"), (123_450, "12.345%"), (1_000_000, "100%"),
        ])
    func percent(ppm: Int, text: String) { #expect(RateCap.percent(ppm: ppm) == text) }
}
