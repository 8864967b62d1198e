import JSON
import Testing

@testable import Draw

@Suite("Sample sizes")
struct SampleTests {
    /// draw-v1 §2 said with exact fractions of a million, class by class.
    @Test("They add up, keep to the quotas, and give what is left over to the largest remainders", arguments: 0..<500)
    func rates(seed: UInt64) throws {
        var random = GeneratorRandom(seed: seed)
        var rates: [CreditClass: Int] = [:]
        for creditClass in CreditClass.allCases where random.happens(80) {
            rates[creditClass] = random.pick([0, 1, 250_000, 333_333, 500_000, 1_000_000, random.below(1_000_001)])
        }
        let pool = Dictionary(
            uniqueKeysWithValues: CreditClass.allCases.map { ($0, random.happens(80) ? random.below(3_000) : 0) })
        let sample = Sample.rates(rates)
        let poolSizes = sample.poolSizes(byClass: pool)
        let sizes = sample.sampleSizes(poolSizes: poolSizes)

        #expect(Set(poolSizes.keys) == Set(pool.filter { $0.value > 0 }.keys.map { Stratum.creditClass($0) }))
        #expect(Set(sizes.keys) == Set(poolSizes.keys))
        let quotas = CreditClass.allCases.filter { pool[$0] != 0 }.map { ($0, (pool[$0] ?? 0) * (rates[$0] ?? 0)) }
        let total = quotas.reduce(0) { $0 + $1.1 }
        #expect(sizes.values.reduce(0, +) == (total + 999_999) / 1_000_000)
        var lucky: [(CreditClass, Int)] = []
        var unlucky: [(CreditClass, Int)] = []
        for (creditClass, quota) in quotas {
            let size = try #require(sizes[.creditClass(creditClass)])
            #expect(size == quota / 1_000_000 || size == quota / 1_000_000 + 1)
            #expect(size <= pool[creditClass] ?? 0)
            if size > quota / 1_000_000 {
                lucky.append((creditClass, quota % 1_000_000))
            } else {
                unlucky.append((creditClass, quota % 1_000_000))
            }
        }
        for (winner, large) in lucky {
            for (loser, small) in unlucky {
                #expect(large > small || large == small && winner.index < loser.index)
            }
        }
    }

    @Test("Ties go to D, C, B, A, −")
    func ties() {
        let half = Sample.rates(Dictionary(uniqueKeysWithValues: CreditClass.allCases.map { ($0, 500_000) }))
        let sizes = half.sampleSizes(poolSizes: half.poolSizes(byClass: [.a: 1, .b: 1, .c: 1, .d: 1, .none: 1]))
        #expect(sizes.json == ["D": 1, "C": 1, "B": 1, "A": 0, "-": 0])
    }

    @Test("A count is drawn from the whole pool, which is listed even when it is empty")
    func count() {
        let sample = Sample.count(5)
        #expect(sample.poolSizes(byClass: [:]).json == ["*": 0])
        #expect(sample.sampleSizes(poolSizes: [.whole: 0]).json == ["*": 0])
        #expect(sample.sampleSizes(poolSizes: sample.poolSizes(byClass: [.a: 3, .d: 4])).json == ["*": 5])
        #expect(sample.sampleSizes(poolSizes: [.whole: 3]).json == ["*": 3])
    }

    @Test("The largest sizes do not overflow")
    func largest() {
        let size = Grammar.largestInteger
        let all = Sample.rates([.d: 1_000_000, .a: 999_999])
        let sizes = all.sampleSizes(poolSizes: [.creditClass(.d): size, .creditClass(.a): size])
        #expect(sizes[.creditClass(.d)] == size)
        // ⌊(2⁵³−1) × 0.999999⌋ and one for the remainder.
        #expect(sizes[.creditClass(.a)] == size - size / 1_000_000 - 1 + 1)
    }
}
