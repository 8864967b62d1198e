import Cluster
import Draw
import JSON

/// What may be said about a round on the topic of draw requests. Each reads its body strictly: a field that is missing,
/// wrong or unknown is an error that names its path.
enum RoundMessage {
    /// The CloudEvents types, as `docs/asyncapi.yaml` lists them.
    enum Kind {
        static let opened = "cn.yaohao.rounds.round-opened.v1"
        static let witnessCommitted = "cn.yaohao.rounds.witness-committed.v1"
        static let requested = "cn.yaohao.rounds.draw-requested.v1"
        static let withdrawn = "cn.yaohao.rounds.request-withdrawn.v1"
        static let closed = "cn.yaohao.rounds.round-closed.v1"
        static let revealed = "cn.yaohao.rounds.nonce-revealed.v1"
        static let publicValueStated = "cn.yaohao.rounds.public-value-stated.v1"
        static let frozen = "cn.yaohao.rounds.round-frozen.v1"
        static let committed = "cn.yaohao.rounds.round-committed.v1"
        static let seeded = "cn.yaohao.rounds.round-seeded.v1"
        static let drawn = "cn.yaohao.rounds.round-drawn.v1"
        static let voided = "cn.yaohao.rounds.round-voided.v1"
    }

    /// Opens a round (开启一轮抽取): who will be its witnesses, and which public values will be awaited.
    struct Opened {
        let round: String
        let county: String
        let witnesses: [String]
        let publicSources: [PublicSource]
        /// The void round whose inputs are drawn from again.
        let replaces: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            county = try reader.identifier("county")
            let path = reader.pathOf("witnesses")
            witnesses = try reader.strings("witnesses")
            guard (1...64).contains(witnesses.count),
                zip(witnesses, witnesses.dropFirst()).allSatisfy({ Grammar.precedes($0, $1) }),
                witnesses.allSatisfy({ $0.utf8.count <= 128 && Grammar.isSource($0) })
            else {
                throw JSONError(path: path, message: "1 至 64 个见证来源，按字节升序，不得重复，只含 A-Z a-z 0-9 . _ : -")
            }
            let publicPath = reader.pathOf("public")
            publicSources = try reader.required("public").array { try PublicSource($0) }
            guard (1...16).contains(publicSources.count),
                zip(publicSources, publicSources.dropFirst()).allSatisfy({ Grammar.precedes($0.source, $1.source) })
            else { throw JSONError(path: publicPath, message: "1 至 16 个公共随机来源，按来源升序，不得重复") }
            replaces = try reader.optional("replaces").map { try JSONReader.identifier($0) }
            try reader.finish()
        }
    }

    /// A witness (见证人) binds itself to a nonce that nobody else knows.
    struct WitnessCommitted {
        let round: String
        let source: String
        let commitment: String

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            source = try reader.string("source")
            commitment = try reader.digest("commitment")
            try reader.finish()
        }
    }

    /// A department asks for objects to be drawn (抽取申请).
    struct Requested {
        let round: String
        let request: DrawRequest
        /// The lines of published plans that it carries out, each `PLAN/LINE`.
        let planLines: [String]
        let note: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            request = try DrawRequest(json: reader.value("request"), path: reader.pathOf("request"))
            note = try reader.optionalString("note")
            let path = reader.pathOf("plan_lines")
            planLines = try reader.strings("plan_lines")
            guard (1...1_000).contains(planLines.count), Set(planLines).count == planLines.count else {
                throw JSONError(path: path, message: "写 1 至 1000 个计划行（计划编号/行编号），且不重复")
            }
            try reader.finish()
        }
    }

    /// A department takes a request back (撤回申请).
    struct Withdrawn {
        let round: String
        let request: String
        let reason: String

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            request = try reader.identifier("request")
            reason = try reader.required("reason").string("撤回的理由") { !$0.allSatisfy(\.isWhitespace) }
            try reader.finish()
        }
    }

    /// Ends the collecting of requests, and says how long witnesses have to reveal.
    struct Closed {
        let round: String
        let revealWithinSeconds: Int

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            revealWithinSeconds = Int(try reader.integer("reveal_within_seconds", in: 1...31_536_000))
            try reader.finish()
        }
    }

    /// A witness shows its nonce, and which commitment it saw.
    struct Revealed {
        let round: String
        let source: String
        let nonce: String
        let commitment: String

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            source = try reader.string("source")
            nonce = try reader.digest("nonce")
            commitment = try reader.digest("commitment")
            try reader.finish()
        }
    }

    /// A witness states what a public value was.
    struct PublicValueStated {
        let round: String
        let source: String
        let value: String

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            round = try reader.identifier("round")
            source = try reader.string("source")
            value = try reader.string("value")
            try reader.finish()
        }
    }
}

extension JSONReader {
    /// An id as `draw-v1` §1 allows it.
    mutating func identifier(_ name: String) throws -> String {
        try Self.identifier(required(name))
    }

    /// An id as `draw-v1` §1 allows it.
    static func identifier(_ field: JSONField) throws -> String {
        let text = try field.string()
        guard text.utf8.count <= 128, Grammar.isID(text) else {
            throw field.error("编号只能含 A-Z a-z 0-9 . _ -，最多 128 个")
        }
        return text
    }

    /// 32 bytes in lower-case hex.
    mutating func digest(_ name: String) throws -> String {
        let text = try string(name)
        guard Grammar.isHash(text) else { throw error(name, "应为 64 位小写十六进制数") }
        return text
    }
}
