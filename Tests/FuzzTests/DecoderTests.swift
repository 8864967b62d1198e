import Cluster
import Crypto
import Draw
import Foundation
import JSON
import Tables
import Testing

@testable import Inspections
@testable import Plans
@testable import Registers
@testable import Rounds

/// Every decoder of what comes from outside, on damaged input: it takes it, or refuses it with an error that says where.
/// It neither crashes nor goes on for ever, and its memory has a bound.
///
/// `scripts/fuzz` is the long run.
@Suite("Damaged input", .serialized)
struct DecoderTests {
    static let cases = ProcessInfo.processInfo.environment["YAOHAO_FUZZ_CASES"].flatMap { Int($0) } ?? 3_000

    /// Peak memory of this process, in bytes.
    static func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(whereSeparator: { !$0.isNumber })[0])) * 1_024
    }

    /// Runs a decoder on damaged seeds. Whatever it throws must name a place: a line, a field, a header, the signature.
    static func run(_ seeds: [[UInt8]], _ decode: (inout Mutation, [UInt8]) throws -> Void) throws {
        // The seeds are good, or damaging them would test nothing.
        var untouched = Mutation(case: 0)
        for seed in seeds { try decode(&untouched, seed) }
        let before = try peakMemory()
        var refused = 0
        for number in 1...cases {
            var mutation = Mutation(case: number)
            let bytes = mutation.bytes(seeds)
            do {
                try decode(&mutation, bytes)
            } catch {
                refused += 1
                let text = "\(error)"
                // What is said of the whole needs no place.
                let places =
                    text.contains(":") || text.contains("：") || error is Signature.Refusal
                    || text.hasPrefix("应为对象")
                #expect(places, "case \(number) is refused without saying where: \(text)")
            }
        }
        #expect(refused > cases / 10, "hardly anything was damaged")
        #expect(try peakMemory() - before < 256 << 20, "memory")
    }

    static func json(_ value: JSONValue) -> [UInt8] { value.canonical }

    @Test("JSON, and canonical JSON comes back as it was")
    func jsonText() throws {
        let seeds = [#"{"a":[1,-2,"x\u00e9\ud83d\ude00",null,true],"b":{"c":[]}}"#, "[[[[]]]]", "\"\\n\"", "0"]
        try Self.run(seeds.map { Array($0.utf8) }) { _, bytes in
            let value = try JSONValue(parsing: bytes)
            let again = try JSONValue(parsing: value.canonical)
            #expect(again == value)
        }
    }

    @Test("envelopes and signatures: nothing that was touched is believed")
    func envelope() throws {
        let key = SigningKey(department: "SCJG", sources: ["dept:SCJG"], roles: [.request])
        let event = try Signature.sign(
            CloudEvent(
                id: "one", source: "dept:SCJG", type: "cn.yaohao.rounds.draw-requested.v1", subject: "R-1",
                time: "2026-03-01T00:00:00Z", extensions: ["feedversion": "7"], data: Array(#"{"a":1}"#.utf8)),
            with: key)
        let good = event.headers.map { (name: $0.name, value: Array($0.value.utf8)) }
        let envelope = Array(Data(base64Encoded: event.extensions["dssematerial"] ?? "") ?? Data())
        let seeds = good.map(\.value) + [event.data ?? [], envelope]
        try Self.run([Array(#"{"a":1}"#.utf8)]) { mutation, bytes in
            var headers = good
            var data = event.data
            if bytes != event.data {
                switch mutation.below(6) {
                case 0: data = bytes
                case 1: headers.remove(at: mutation.below(headers.count))
                case 2: headers.append(headers[mutation.below(headers.count)])
                case 3:
                    let material = Data(mutation.bytes([envelope])).base64EncodedString()
                    headers[headers.count - 1].value = Array(material.utf8)
                case 4: headers.append(("ce_x", mutation.bytes(seeds)))
                default: headers[mutation.below(headers.count)].value = mutation.bytes(seeds)
                }
            }
            let read = try CloudEvent(headers: headers, value: data)
            _ = try Signature.claimedKeyID(of: read)
            let believed = try Signature.verify(read, publicKey: key.publicKey)
            // Whatever is believed says what was signed.
            #expect(believed.bodyDigest == event.bodyDigest)
            #expect(believed.id == event.id && believed.source == event.source && believed.time == event.time)
        }
    }

    static let request: JSONValue = [
        "id": "REQ-1", "department": "SCJG", "items": ["I-1"], "pool": ["regulators": ["SCJG"], "max_visits": 2],
        "sample": ["rates_ppm": ["A": 20_000, "D": 40_000]], "method": "onsite", "joint": true,
        "coordination": "joint", "window": ["2026-03-01", "2026-06-30"], "specialties": ["food"], "team": 2,
    ]

    @Test("submissions about rounds")
    func rounds() throws {
        let hash = JSONValue.string(String(repeating: "ab", count: 32))
        let seeds: [JSONValue] = [
            [
                "round": "R-1", "county": "150222", "witnesses": ["witness:A", "witness:B"],
                "public": [["source": "public:p", "description": "彩票", "pattern": "dddddddd"]],
            ],
            ["round": "R-1", "source": "witness:A", "commitment": hash],
            ["round": "R-1", "request": Self.request, "plan_lines": ["P/REQ-1"], "note": "x"],
            ["round": "R-1", "reveal_within_seconds": 3_600],
            ["round": "R-1", "source": "witness:A", "nonce": hash, "commitment": hash],
            ["round": "R-1", "source": "public:p", "value": "12345678"],
        ]
        let decoders: [([UInt8]) throws -> Void] = [
            { _ = try RoundMessage.Opened($0) }, { _ = try RoundMessage.WitnessCommitted($0) },
            { _ = try RoundMessage.Requested($0) }, { _ = try RoundMessage.Closed($0) },
            { _ = try RoundMessage.Revealed($0) }, { _ = try RoundMessage.PublicValueStated($0) },
        ]
        for (seed, decode) in zip(seeds, decoders) {
            try Self.run([Self.json(seed)]) { _, bytes in try decode(bytes) }
        }
    }

    @Test("plan documents, and what is said of plans")
    func plans() throws {
        let line: JSONValue = [
            "id": "L-1", "title": "随机抽查", "pool": ["regulators": ["SCJG"]], "sample": ["rates_ppm": ["A": 20_000]],
            "draws": 1, "methods": ["onsite"], "windows": [["2026-03-01", "2026-06-30"]], "joint": true,
            "coordination": "joint",
            "parts": [["department": "SCJG", "items": ["I-1"], "specialties": [], "team": 2]],
        ]
        let plan: JSONValue = [
            "id": "P", "department": "SCJG", "year": 2026, "version": 1, "kind": "annual", "title": "年度抽查工作计划",
            "lines": [line, line],
        ]
        try Self.run([Self.json(["plan": plan])]) { _, bytes in
            let drafted = try PlanMessage.Drafted(bytes)
            // What was understood can be written down and read again, and its problems can be told.
            _ = drafted.plan.problems()
            #expect(try Plan(json: drafted.plan.json).json == drafted.plan.json)
        }
    }

    @Test("rows of every register")
    func rows() throws {
        for register in Register.allCases {
            let seed: JSONValue = [
                "id": "X1", "name": "某某", "credit": "A", "region": "150222100", "industry": "F5211",
                "kind": "enterprise",
                "permits": ["a"], "regulators": ["SCJG"], "address": "x", "department": "SCJG", "regions": [],
                "specialties": ["food"], "certificate": "C", "certificate_until": "2099-12-31", "recused": [],
                "legal_basis": "法", "object_kind": "企业", "methods": ["onsite"], "category": "key", "cap_ppm": .null,
                "organisation": "所", "organisation_kind": "institute", "fields": ["a"], "lead": true, "exempt": false,
                "month": "2026-03", "class": "A",
            ]
            var findings = 0
            for number in 1...Self.cases {
                var mutation = Mutation(case: number)
                guard let value = try? JSONValue(parsing: mutation.bytes([Self.json(seed)])) else { continue }
                let found = register.findings(in: value)
                findings += found.count
                #expect(found.allSatisfy { !$0.code.isEmpty && !$0.message.isEmpty })
            }
            #expect(findings > 0)
        }
    }

    @Test("messages of feeds")
    func feeds() throws {
        let seed: JSONValue = [
            "mode": "snapshot", "partitions": 3, "partition": 0, "allow_shrink": false, "register": "entities",
            "count": 2, "checksum": .string(String(repeating: "0", count: 64)),
        ]
        try Self.run([Self.json(seed)]) { mutation, bytes in
            var event = CloudEvent(
                id: "a", source: "s", type: "cn.yaohao.registers.feed-ended.v1", subject: "~end",
                extensions: ["snapshot": "f", "feedversion": "7", "position": "1"], data: bytes)
            if mutation.below(8) == 1 {
                event.extensions["feedversion"] = String(decoding: mutation.bytes([[0x37]]), as: UTF8.self)
            }
            if bytes != Self.json(seed), mutation.below(4) == 0 { event.type = "cn.yaohao.registers.rows-reported.v1" }
            _ = try FeedMessage(event, register: .entities, partition: 0, key: Array("s/~end".utf8))
        }
    }

    @Test("tables of departments in text")
    func tables() throws {
        let seeds = [
            "id,name,permits\nA,\"某,\"\"某\",x;y\nB,乙,\n", "编号\t名称\nA\t甲\n", "id\r\n\"a\nb\"\r\n",
        ].map { Array($0.utf8) }
        for name in ["t.csv", "t.tsv"] {
            for number in 1...Self.cases {
                var mutation = Mutation(case: number)
                do {
                    _ = try TableFile.tables(name: name, bytes: mutation.bytes(seeds))
                } catch {
                    #expect("\(error)".hasPrefix(name), "\(error)")
                }
            }
        }
    }

    /// The files of a worked draw.
    static func bundle(_ name: String) throws -> [String: [UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../DrawTests/Vectors/\(name)")
        var files: [String: [UInt8]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            files[file] = Array(try Data(contentsOf: folder.appending(path: file)))
        }
        return files
    }

    @Test("files of bundles")
    func bundles() throws {
        let files = try Self.bundle("tiny")
        func seed(_ name: String) throws -> [UInt8] { try #require(files[name]) }
        try Self.run([seed("round.json")]) { _, bytes in _ = try DrawBundle(files: ["round.json": bytes]).definition() }
        try Self.run([seed("secret.json")]) { _, bytes in _ = try DrawBundle(files: ["secret.json": bytes]).salt() }
        try Self.run([seed("roster.tsv")]) { _, bytes in _ = try RosterLine.lines(of: bytes) }
        try Self.run([seed("inspectors.tsv")]) { _, bytes in _ = try InspectorLine.lines(of: bytes) }
        try Self.run([seed("commitment.json")]) { _, bytes in
            _ = try Commitment(json: JSONValue(parsing: bytes.last == 0x0A ? Array(bytes.dropLast()) : bytes))
        }
    }
}
