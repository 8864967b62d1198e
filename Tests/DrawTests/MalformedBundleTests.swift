import Foundation
import JSON
import Testing

/// One way to break a bundle, and what the error must name.
struct Malformed: Sendable, CustomTestStringConvertible {
    let file: String
    let field: String
    let what: String
    let make: @Sendable (borrowing BundleFixture) throws -> Void

    var testDescription: String { "\(file): \(what)" }

    static func missing(_ file: String) -> Malformed {
        Malformed(file: file, field: "missing", what: "missing") { try $0.remove(file) }
    }

    static func text(
        _ file: String, _ field: String, _ what: String, _ change: @escaping @Sendable (String) -> String
    ) -> Malformed {
        Malformed(file: file, field: field, what: what) { try $0.change(file, change) }
    }

    /// Replaces the first occurrence of a text.
    static func replace(_ file: String, _ old: String, _ new: String, field: String) -> Malformed {
        text(file, field, "\(old) becomes \(new)") { text in
            guard let range = text.range(of: old) else { return text }
            return text.replacingCharacters(in: range, with: new)
        }
    }

    static func json(_ file: String, _ path: [JSONStep], _ value: JSONValue?, field: String) -> Malformed {
        let what = "\(field) becomes \(value.map { String($0.canonicalText.prefix(60)) } ?? "nothing")"
        return Malformed(file: file, field: field, what: what) { try $0.changeJSON(file, path, to: value) }
    }

    static let textFiles: [Malformed] = [
        missing("roster.tsv"), missing("inspectors.tsv"), missing("round.json"), missing("secret.json"),
        missing("seed.json"),
        text("roster.tsv", "line end", "CR LF") { $0.split(separator: "\n").joined(separator: "\r\n") + "\r\n" },
        text("roster.tsv", "roster.tsv:12: line end", "no LF at the end") { String($0.dropLast()) },
        text("inspectors.tsv", "inspectors.tsv:6: line end", "no LF at the end") { String($0.dropLast()) },
        text("roster.tsv", "byte order mark", "byte order mark") { "\u{ef}\u{bb}\u{bf}" + $0 },
        text("inspectors.tsv", "byte order mark", "byte order mark") { "\u{ef}\u{bb}\u{bf}" + $0 },
        text("roster.tsv", "roster.tsv:13: columns", "an empty line at the end") { $0 + "\n" },
        text("roster.tsv", "roster.tsv:2: id", "unsorted") { text in
            var lines = text.split(separator: "\n")
            lines.swapAt(0, 1)
            return lines.joined(separator: "\n") + "\n"
        },
        text("roster.tsv", "roster.tsv:2: id: \"12150221MAU1F7PR35\" is repeated", "a repeated id") { text in
            text.split(separator: "\n")[0] + "\n" + text
        },
        text("inspectors.tsv", "inspectors.tsv:7: id", "a repeated id") { $0 + $0.split(separator: "\n")[5] + "\n" },
        replace("roster.tsv", "\tB\t", "\tE\t", field: "roster.tsv:1: credit"),
        replace("roster.tsv", "\tB\t", "\tb\t", field: "roster.tsv:1: credit"),
        replace("roster.tsv", "\tB\t", "\t\t", field: "roster.tsv:1: credit"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t-1", field: "roster.tsv:1: visits"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t00", field: "roster.tsv:1: visits"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t0.5", field: "roster.tsv:1: visits"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t", field: "roster.tsv:1: visits"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t9007199254740992", field: "roster.tsv:1: visits"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG\t0\t", field: "roster.tsv:1: columns"),
        replace("roster.tsv", "\tSCJG\t0", "\tSCJG", field: "roster.tsv:1: columns"),
        replace("roster.tsv", "hazchem,hotel", "hotel,hazchem", field: "roster.tsv:1: permits"),
        replace("roster.tsv", "hazchem,hotel", "hazchem,hazchem", field: "roster.tsv:1: permits"),
        replace("roster.tsv", "hazchem,hotel", "hazchem,,hotel", field: "roster.tsv:1: permits"),
        replace("roster.tsv", "SCJG,YJGL", "SCJG,YJ GL", field: "roster.tsv:3: regulators"),
        replace("roster.tsv", "12150221MAU1F7PR35", "12150221MAU1F7PR3*", field: "roster.tsv:1: id"),
        replace("roster.tsv", "institution", "institution\u{ff}", field: "roster.tsv:1: kind"),
        replace("inspectors.tsv", "2026-03-31", "2026-02-29", field: "inspectors.tsv:1: certificate_until"),
        replace("inspectors.tsv", "2026-03-31", "2026-3-31", field: "inspectors.tsv:1: certificate_until"),
        replace("inspectors.tsv", "YJGL", "", field: "inspectors.tsv:1: department"),
        replace("inspectors.tsv", "2026-03-31\t1", "2026-03-31\tone", field: "inspectors.tsv:1: load"),
        replace("inspectors.tsv", "catering,drug", "drug,catering", field: "inspectors.tsv:1: specialties"),
        replace("inspectors.tsv", "91150222MAPY5ENG60,", "91150222MAPY5ENG60,,", field: "inspectors.tsv:4: recused"),
    ]

    static let documents: [Malformed] = [
        replace("round.json", "{\"as_of\"", "{ \"as_of\"", field: "canonical"),
        replace("round.json", "\"id\":\"R-2026-1\"", "\"id\":\"\\u0052-2026-1\"", field: "canonical"),
        replace("round.json", "\"id\":\"R-2026-1\",", "\"id\":\"R-2026-1\",\"id\":\"R-2026-1\",", field: "repeated"),
        replace("round.json", "\"team\":2", "\"team\":2.0", field: "fraction"),
        replace("round.json", "\"team\":2", "\"team\":2e0", field: "fraction"),
        replace("round.json", "\"team\":2", "\"team\":02", field: "start with 0"),
        replace("round.json", "R-2026-1", "\u{ff}", field: "UTF-8"),
        replace("round.json", "R-2026-1", "\\ud800", field: "surrogate"),
        text("round.json", "round.json:1", "no LF at the end") { String($0.dropLast()) },
        text("round.json", "round.json:2", "two LF at the end") { $0 + "\n" },
        text("round.json", "after the value", "text after the document") { $0 + "{}\n" },
        text("round.json", "value is expected", "empty") { _ in "" },
        text("round.json", "nested", "nested too deeply") { _ in String(repeating: "[", count: 100_000) },
        json("round.json", ["note"], "x", field: "note"),
        json("round.json", ["as_of"], nil, field: "as_of"),
        json("round.json", ["as_of"], "2026-02-26T24:00:00Z", field: "as_of"),
        json("round.json", ["as_of"], "2026-02-26 09:00:00", field: "as_of"),
        json("round.json", ["id"], "R 2026", field: "id"),
        json("round.json", ["sequence"], 2, field: "previous"),
        json("round.json", ["sequence"], 0, field: "sequence"),
        json("round.json", ["previous"], "00", field: "previous"),
        json("round.json", ["requests", 1, "id"], "REQ-000", field: "requests[1].id"),
        json("round.json", ["requests", 0, "items"], nil, field: "requests[0].items: 缺少此项"),
        json("round.json", ["requests", 0, "note"], "x", field: "requests[0].note"),
        json("round.json", ["requests", 0, "department"], "a b", field: "requests[0].department"),
        json("round.json", ["requests", 0, "method"], "phone", field: "requests[0].method"),
        json("round.json", ["requests", 0, "coordination"], "both", field: "requests[0].coordination"),
        json("round.json", ["requests", 0, "joint"], 1, field: "requests[0].joint"),
        json("round.json", ["requests", 0, "team"], -1, field: "requests[0].team"),
        json("round.json", ["requests", 0, "specialties"], "food", field: "requests[0].specialties"),
        json("round.json", ["requests", 0, "window"], ["2026-04-18", "2026-03-03"], field: "requests[0].window"),
        json("round.json", ["requests", 0, "window"], ["2026-02-29", "2026-03-03"], field: "requests[0].window[0]"),
        json("round.json", ["requests", 0, "window"], ["2026-03-03"], field: "requests[0].window"),
        json("round.json", ["requests", 0, "sample", "count"], 3, field: "requests[0].sample"),
        json("round.json", ["requests", 0, "sample"], [:], field: "requests[0].sample"),
        json("round.json", ["requests", 0, "sample"], ["count": -1], field: "requests[0].sample.count"),
        json(
            "round.json", ["requests", 0, "sample", "rates_ppm", "A"], 1_000_001,
            field: "requests[0].sample.rates_ppm.A"),
        json("round.json", ["requests", 0, "sample", "rates_ppm", "E"], 1, field: "requests[0].sample.rates_ppm.E"),
        json("round.json", ["requests", 0, "pool", "credit"], ["E"], field: "requests[0].pool.credit[0]"),
        json("round.json", ["requests", 0, "pool", "kinds"], nil as JSONValue, field: "requests[0].pool.kinds"),
        json("round.json", ["requests", 0, "pool", "size"], 1, field: "requests[0].pool.size"),
        json("round.json", ["requests", 0, "pool", "max_visits"], -1, field: "requests[0].pool.max_visits"),
        json("round.json", ["seed_policy", "witnesses"], [], field: "seed_policy.witnesses"),
        json("round.json", ["seed_policy", "public"], [], field: "seed_policy.public"),
        json("round.json", ["seed_policy", "public", 0, "pattern"], "dddddd", field: "seed_policy.public[0].pattern"),
        json("round.json", ["seed_policy", "public", 0, "source"], "a/b", field: "seed_policy.public[0].source"),
        json("round.json", ["seed_policy", "public", 0, "source"], "witness:SCJG", field: "seed_policy.public"),
        json("round.json", ["seed_policy", "witnesses", 1, "source"], "witness:SCJG", field: "seed_policy.witnesses"),
        json("round.json", ["seed_policy", "witnesses", 0, "source"], "z", field: "seed_policy.witnesses"),
        json("round.json", ["seed_policy", "witnesses", 0, "commitment"], "AB", field: "seed_policy.witnesses[0]"),
        json("round.json", ["seed_policy", "reveal_by"], "2026-13-01T00:00:00Z", field: "seed_policy.reveal_by"),
        json("secret.json", ["salt"], "c79d44", field: "salt"),
        json("secret.json", ["salt"], .string(String(repeating: "AB", count: 32)), field: "salt"),
        json("secret.json", ["note"], "x", field: "note"),
        replace("secret.json", "{\"salt\":", "{\"salt\": ", field: "canonical"),
    ]

    static let contributions: [Malformed] = [
        json(
            "seed.json", ["contributions", 2, "value"], .string(String(repeating: "0", count: 64)), field: "[2].value"),
        json("seed.json", ["contributions", 2, "value"], "00", field: "contributions[2].value"),
        json("seed.json", ["contributions", 0, "value"], "03,09,14,20,27,31+5", field: "contributions[0].value"),
        json("seed.json", ["contributions", 1], nil, field: "witness:SCJG is missing"),
        json("seed.json", ["contributions", 0], nil, field: "public:ssq-2026031 is missing"),
        json("seed.json", ["contributions", 0, "source"], "public:another", field: "public:ssq-2026031 is missing"),
        json("seed.json", ["contributions", 0, "source"], "zz", field: "ascending"),
        json("seed.json", ["commitment"], .string(String(repeating: "0", count: 64)), field: "commitment"),
        json("seed.json", ["contributions", 0, "note"], "x", field: "contributions[0].note"),
        text("seed.json", "value is expected", "no JSON") { _ in "dd,dd" },
    ]
}

@Suite("Broken bundles")
struct MalformedBundleTests {
    @Test(
        "draw refuses them with status 2 and one line that names file and field",
        arguments: [
            Malformed.textFiles, Malformed.documents, Malformed.contributions,
        ].joined().map { $0 })
    func draw(malformed: Malformed) throws {
        let bundle = try BundleFixture()
        try malformed.make(bundle)
        let output = bundle.folder.appending(path: "out")
        let command = try Run.yaohao("draw", bundle.path, "--out", output.path)
        #expect(command.status == 2)
        #expect(command.errors.split(separator: "\n").count == 1)
        #expect(command.errors.contains("\(bundle.path)/\(malformed.file)"), "\(command.errors)")
        #expect(command.errors.contains(malformed.field), "\(command.errors)")
        #expect(command.errors.contains("; "), "a remedy follows: \(command.errors)")
        #expect(!FileManager.default.fileExists(atPath: output.path), "nothing is written")
    }

    @Test("commit refuses broken frozen files", arguments: Malformed.textFiles.filter { $0.file != "seed.json" })
    func commit(malformed: Malformed) throws {
        let bundle = try BundleFixture()
        try malformed.make(bundle)
        let command = try Run.yaohao("commit", bundle.path)
        #expect(command.status == 2)
        #expect(command.errors.contains(malformed.field), "\(command.errors)")
    }

    @Test("The salt is not shown when it is wrong")
    func secretSalt() throws {
        let bundle = try BundleFixture()
        try bundle.changeJSON("secret.json", ["salt"], to: "c79d444208016b65b8fe2f4b")
        #expect(try !Run.yaohao("commit", bundle.path).errors.contains("c79d"))
    }

    @Test(
        "Wrong usage ends with status 2 and one line",
        arguments: [
            ["draw"], ["draw", "x"], ["verify"], ["verify", "x", "--proof", "y"], ["verify", "--proof", "y"],
            ["nothing"],
            [
                "generate", "x", "--entities", "-1", "--requests", "1", "--inspectors", "1", "--departments", "1",
                "--seed", "1",
            ],
            ["draw", "/nowhere", "--out", "/nowhere/out"], ["commit", "/nowhere"], ["prove", "/nowhere", "x"],
        ])
    func usage(arguments: [String]) throws {
        let command = try Run.yaohao(arguments)
        #expect(command.status == 2)
        #expect(command.errors.split(separator: "\n").count == 1, "\(command.errors)")
    }
}
