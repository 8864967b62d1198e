import Testing

@testable import Cluster

/// A partition and the outbox's record of it, in memory: the broker forgets the end of its log, relays die between sending and
/// recording, paused ones send what they had in hand. The relay's way of sending is that of `OutboxRelay`.
private struct Scene {
    var dice: SystemDice
    var log: [LogComparison.Entry?] = []
    var sequences: [String: Int64] = [:]
    /// The outbox: rows in the order of their making, each with the offset on record.
    var rows: [(message: String, key: String, sequence: Int64, offset: Int64?)] = []
    /// Where the log ended after what this relay sent; nil for a relay that begins.
    var end: Int64?
    let compacted: Bool
    var span: Int64 = 4

    mutating func store(_ count: Int) {
        for _ in 0..<count {
            let key = String(dice.below(4))
            sequences[key, default: 0] += 1
            rows.append(
                (message: "\(key)#\(sequences[key] ?? 0)", key: key, sequence: sequences[key] ?? 0, offset: nil))
        }
    }

    mutating func append(_ row: (message: String, key: String, sequence: Int64, offset: Int64?)) -> Int64 {
        let offset = Int64(log.count)
        log.append(.init(message: row.message, key: row.key, sequence: row.sequence, offset: offset))
        return offset
    }

    /// Sends up to `limit` rows; `dying` says where the relay dies, `losing` how much the broker forgets after how many.
    mutating func turn(limit: Int, losing: (after: Int, count: Int)? = nil, dies: Bool = false) {
        if end == nil { reconcile([]) }
        let batch = rows.indices.filter { rows[$0].offset == nil }.prefix(limit)
        guard !batch.isEmpty else { return look() }
        var offsets: [Int64] = []
        for (number, index) in batch.enumerated() {
            if let losing, losing.after == number { log.removeLast(min(losing.count, log.count)) }
            offsets.append(append(rows[index]))
        }
        log.append(nil)  // the marker of the transaction
        guard !dies else {
            end = nil
            return
        }
        var again: [String: Int64] = [:]
        let contiguous = zip(offsets, offsets.dropFirst()).allSatisfy { $1 == $0 + 1 }
        if let known = end, known...known + 1 ~= offsets[0], contiguous {
            end = offsets[offsets.count - 1] + 1
        } else {
            again = reconcile(
                zip(batch, offsets).map {
                    .init(message: rows[$0].message, key: rows[$0].key, sequence: rows[$0].sequence, offset: $1)
                })
        }
        for (index, offset) in zip(batch, offsets) where rows[index].sequence < again[rows[index].key] ?? .max {
            rows[index].offset = offset
        }
    }

    /// What an idle relay does.
    mutating func look() {
        if let known = end, !(known...known + 1 ~= Int64(log.count)) { reconcile([]) }
    }

    @discardableResult
    mutating func reconcile(_ delivered: [LogComparison.Entry]) -> [String: Int64] {
        var span = span
        while true {
            let last = rows.compactMap(\.offset).max() ?? .max
            let first = delivered.map(\.offset).min() ?? .max
            let start = max(min(last, first, Int64(log.count)) - span, 0)
            let recorded = rows.compactMap { row in
                row.offset.flatMap {
                    $0 >= start && $0 < log.count
                        ? LogComparison.Entry(message: row.message, key: row.key, sequence: row.sequence, offset: $0)
                        : nil
                }
            }
            let logged = log[Int(start)...].compactMap(\.self)
            guard
                start == 0
                    || LogComparison(recorded: recorded, logged: logged, compacted: compacted).beginsIntact
            else {
                span *= 8
                continue
            }
            var newest: [String: Int64] = [:]
            for row in rows where row.offset != nil { newest[row.key] = max(newest[row.key] ?? 0, row.sequence) }
            newest = newest.filter { key, _ in logged.contains { $0.key == key } }
            var from = LogComparison(recorded: recorded + delivered, logged: logged, compacted: compacted)
                .repeats(newest: newest)
            for row in rows {
                if let offset = row.offset, offset >= log.count {
                    from[row.key] = min(from[row.key] ?? .max, row.sequence)
                }
            }
            for index in rows.indices
            where rows[index].offset != nil && rows[index].sequence >= from[rows[index].key] ?? .max {
                rows[index].offset = nil
            }
            end = Int64(log.count)
            return from
        }
    }

    /// The broker drops older messages of keys at random.
    mutating func compact() {
        for index in log.indices {
            guard let entry = log[index], dice.below(3) == 0 else { continue }
            if log[(index + 1)...].contains(where: { $0?.key == entry.key && ($0?.sequence ?? 0) > entry.sequence }) {
                log[index] = nil
            }
        }
    }
}

private struct SystemDice {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}

@Suite("What the outbox has on record of a partition, against its log")
struct LogComparisonTests {
    @Test(
        "Whatever the broker forgets, whenever relays die or paused ones come back: in the end every message of each key is there, and the newest is the last",
        arguments: [false, true])
    func nothingLost(compacted: Bool) {
        for seed in 0..<1_500 {
            var scene = Scene(dice: SystemDice(state: UInt64(seed)), compacted: compacted)
            for _ in 0..<30 {
                scene.store(scene.dice.below(6))
                let limit = 1 + scene.dice.below(8)
                switch scene.dice.below(10) {
                case 0:
                    scene.log.removeLast(min(scene.log.count, scene.dice.below(20)))
                    scene.look()
                case 1: scene.turn(limit: limit, losing: (scene.dice.below(limit), scene.dice.below(12)))
                case 2: scene.turn(limit: limit, dies: true)
                case 3: scene.turn(limit: limit, losing: (scene.dice.below(limit), scene.dice.below(12)), dies: true)
                case 4 where !scene.rows.isEmpty:
                    // A paused relay sends what it had in hand, and records none of it.
                    for _ in 0..<3 { _ = scene.append(scene.rows[scene.dice.below(scene.rows.count)]) }
                case 5 where compacted: scene.compact()
                default: scene.turn(limit: limit)
                }
            }
            for _ in 0..<60 { scene.turn(limit: 8) }
            for (key, newest) in scene.sequences {
                let logged = scene.log.compactMap(\.self).filter { $0.key == key }.map(\.sequence)
                #expect(logged.last == newest, "seed \(seed), key \(key): \(logged)")
                if !compacted {
                    #expect(Set(logged) == Set(1...newest), "seed \(seed), key \(key): \(logged)")
                }
            }
        }
    }

    private static func entry(_ key: String, _ sequence: Int64, at offset: Int64) -> LogComparison.Entry {
        .init(message: "\(key)#\(sequence)", key: key, sequence: sequence, offset: offset)
    }

    @Test("What was overwritten is sent again with all that is newer of its key, and nothing of other keys")
    func overwritten() {
        let comparison = LogComparison(
            recorded: [
                Self.entry("a", 1, at: 0), Self.entry("a", 2, at: 1), Self.entry("b", 1, at: 2),
                Self.entry("a", 3, at: 3),
            ],
            logged: [
                Self.entry("a", 1, at: 0), Self.entry("c", 1, at: 1), Self.entry("b", 1, at: 2),
                Self.entry("a", 3, at: 3),
            ],
            compacted: false)
        #expect(comparison.beginsIntact)
        #expect(comparison.repeats(newest: [:]) == ["a": 2])
    }

    @Test("An older message behind newer ones has the newest sent once more")
    func misplaced() {
        let comparison = LogComparison(
            recorded: [Self.entry("b", 1, at: 9)], logged: [Self.entry("b", 1, at: 9), Self.entry("a", 2, at: 10)],
            compacted: true)
        #expect(comparison.repeats(newest: ["a": 9]) == ["a": 9])
        #expect(comparison.repeats(newest: ["a": 2]) == [:])
    }

    @Test("What the broker has removed for the sake of a newer one is not missed")
    func compaction() {
        let recorded = [Self.entry("a", 1, at: 5), Self.entry("a", 2, at: 7)]
        let logged = [Self.entry("a", 2, at: 7)]
        let kept = LogComparison(recorded: recorded, logged: logged, compacted: true)
        #expect(kept.beginsIntact && kept.repeats(newest: [:]) == [:])
        let lost = LogComparison(recorded: recorded, logged: logged, compacted: false)
        #expect(!lost.beginsIntact && lost.repeats(newest: [:]) == ["a": 1])
    }
}
