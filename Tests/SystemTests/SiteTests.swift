import Cluster
import Crypto
import Foundation
import JSON
import Logging
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("Publications at outside sites, with PostgreSQL and HTTP")
struct SiteTests {
    static func configuration(_ sink: Sink, sites: [(id: String, path: String)], dead: Bool = false) throws
        -> (configuration: NotifierConfiguration, key: SigningKey)
    {
        let key = SigningKey(department: "SCJG", sources: ["dept:SCJG"], roles: [])
        let keyFile = sink.folder.appending(path: "key-" + UUID().uuidString).path
        try key.write(to: keyFile)
        var text = "signing_key: \(keyFile)\nsites:\n"
        for site in sites { text += "  - {id: \(site.id), url: \"http://127.0.0.1:\(sink.port)/\(site.path)\"}\n" }
        // Nobody listens there.
        if dead { text += "  - {id: dead, url: \"http://127.0.0.1:1/\", timeout_seconds: 2}\n" }
        return (try NotifierConfiguration(file: sink.write(text, to: "notifier.yaml")), key)
    }

    static func courier(
        _ county: InspectedCounty, _ configuration: NotifierConfiguration, _ clock: any NoticeClock
    ) -> Courier {
        Courier(pool: county.notifier, configuration: configuration, clock: clock, logger: quiet)
    }

    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    @Test("get the published bytes, signed, under one id however often they are tried, and acknowledge them")
    func acknowledged() async throws {
        try await InspectedCounty.run { county in
            try await Sink.with { sink in
                try await county.registerCalendar(year: 2026)
                try await county.register(entities: ["E1", "E2"])
                try await county.drawRound(entities: ["E1", "E2"])
                try await county.record(entities: ["E1", "E2"])
                let clock = try HandClock("2026-03-11")
                try await county.notifier(clock).sweep()
                let (configuration, key) = try Self.configuration(sink, sites: [("gov", "gov")])
                let courier = Self.courier(county, configuration, clock)
                try sink.set(mode: "503")
                #expect(try await courier.deliverAll() == 2)
                #expect(try await courier.deliverAll() == 0, "a pause follows")
                try sink.set(mode: "ok")
                clock.move(to: try #require(Day("2026-03-11")), minute: 9 * 60 + 1)
                #expect(try await courier.deliverAll() == 2)
                try clock.move(to: "2026-03-12")
                #expect(try await courier.deliverAll() == 0)

                let requests = try sink.requests()
                let bodies = try await county.texts("SELECT body FROM open.publications ORDER BY id")
                for (id, body) in zip(["R-1-E1/SCJG", "R-1-E2/SCJG"], bodies) {
                    let tries = requests.filter { $0.headers["idempotency-key"] == id }
                    #expect(tries.map { String(decoding: $0.body, as: UTF8.self) } == [body, body])
                    for request in tries {
                        #expect(request.headers["yaohao-key-id"] == key.keyID)
                        let signature = try #require(Data(base64Encoded: request.headers["yaohao-signature"] ?? ""))
                        let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)
                        #expect(publicKey.isValidSignature(signature, for: request.body))
                    }
                }
                let kept = try await county.texts(
                    """
                    SELECT concat_ws(' ', state, attempts, status, answer_sha256 = encode(sha256(convert_to(answer, 'UTF8')), 'hex'),
                        body_sha256 = encode(sha256(convert_to(p.body, 'UTF8')), 'hex'))
                    FROM notices.deliveries d JOIN open.publications p ON p.id = d.reference
                    """)
                #expect(kept == Array(repeating: "delivered 2 200 t t", count: 2))
            }
        }
    }

    @Test("that are down hold back nobody else, are tried later and later, and are given up after days")
    func down() async throws {
        try await InspectedCounty.run { county in
            try await Sink.with { sink in
                try await county.registerCalendar(year: 2026)
                try await county.register(entities: ["E1"])
                try await county.drawRound(entities: ["E1"])
                try await county.record(entities: ["E1"])
                let clock = try HandClock("2026-03-11")
                try await county.notifier(clock).sweep()
                let (configuration, _) = try Self.configuration(sink, sites: [("gov", "gov")], dead: true)
                let courier = Self.courier(county, configuration, clock)
                try await courier.deliverAll()
                #expect(try sink.requests().count == 1)
                let state: SQL = "SELECT state || ' ' || attempts FROM notices.deliveries WHERE target = 'dead'"
                #expect(try await county.texts(state) == ["waiting 1"])
                // Every hour for fifteen days: pauses grow to six hours, so there are about five a day.
                for hour in 1...(15 * 24) {
                    clock.move(
                        to: try #require(Day("2026-03-11")).adding(days: (9 + hour) / 24), minute: (9 + hour) % 24 * 60)
                    try await courier.deliverAll()
                }
                let end = try #require(try await county.texts(state).first).split(separator: " ")
                #expect(end.first == "failed")
                #expect((50...80).contains(Int(end.last ?? "") ?? 0))
                #expect(try await NoticesCounts.read(from: county.notifier).failedDeliveries == 1)
                #expect(try await DeliveryEntry.retry(target: "dead", in: county.owner) == 1)
                #expect(try sink.requests().count == 1)
            }
        }
    }

    @Test("pause 30 seconds, doubled with each try, six hours at most")
    func pauses() {
        #expect(
            [1, 2, 3, 10, 11, 60].map(Courier.pauseSeconds(afterAttempts:)) == [30, 60, 120, 15_360, 21_600, 21_600])
    }

    @Test("get corrections after what they correct, and one courier's try is not another's")
    func order() async throws {
        try await InspectedCounty.run { county in
            try await Sink.with { sink in
                try await county.registerCalendar(year: 2026)
                let entities = (0..<20).map { "E\($0)" }
                try await county.register(entities: entities)
                try await county.drawRound(entities: entities)
                try await county.record(entities: entities)
                let clock = try HandClock("2026-03-11")
                try await county.notifier(clock).sweep()
                try await county.record(entities: entities, version: 2, findings: "更正后的情况")
                try await county.notifier(clock).sweep()
                let (configuration, _) = try Self.configuration(sink, sites: [("gov", "gov")])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask { try await Self.courier(county, configuration, clock).deliverAll() }
                    }
                    try await group.waitForAll()
                }
                let ids = try sink.requests().compactMap { $0.headers["idempotency-key"] }
                #expect(ids.count == 40 && Set(ids).count == 40)
                for entity in entities {
                    let own = ids.filter { $0.hasPrefix("R-1-\(entity)/") }
                    #expect(own == ["R-1-\(entity)/SCJG", "R-1-\(entity)/SCJG/2"])
                }
            }
        }
    }

    @Test("never get inspectors, credit classes, or entities that were drawn and not visited")
    func secrets() async throws {
        try await InspectedCounty.run { county in
            try await Sink.with { sink in
                try await county.registerCalendar(year: 2026)
                try await county.registerDepartments()
                try await county.register(entities: ["E1", "HIDDEN7", "HIDDEN8"])
                try await county.owner.execute(
                    """
                    UPDATE registers.entities SET name = name || '机密', score = 987 WHERE id LIKE 'HIDDEN%';
                    """)
                try await county.owner.execute(
                    """
                    INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                        specialties, certificate, certificate_until, recused)
                    VALUES ('I1', 'test', 1, now(), '张三样例', 'SCJG', '{150222}', '{}', 'ZFZ-0001', '2027-01-01', '{}')
                    """)
                try await county.drawRound(entities: ["E1", "HIDDEN7", "HIDDEN8"])
                try await county.record(entities: ["E1"])
                let clock = try HandClock("2026-03-11")
                try await county.notifier(clock).sweep()
                let (configuration, _) = try Self.configuration(sink, sites: [("gov", "gov")])
                try await Self.courier(county, configuration, clock).deliverAll()
                var bodies = try sink.requests().map { String(decoding: $0.body, as: UTF8.self) }
                bodies += try await county.messages("t.publications").map(\.data.canonicalText)
                bodies += try await county.texts("SELECT to_jsonb(p)::text FROM open.publications p")
                for export in Export.allCases {
                    let rows = try await export.rows(in: county.owner)
                    bodies += rows.map(\.canonicalText)
                    if export == .results { #expect(rows.count == 1) }
                }
                #expect(bodies.count >= 4)
                for body in bodies {
                    for secret in [
                        "HIDDEN", "机密", "I1", "I2", "张三", "ZFZ", "credit", "score", "inspector", "\"D\"", "987",
                    ] {
                        #expect(!body.contains(secret), "\(secret) in \(body)")
                    }
                }
            }
        }
    }
}
