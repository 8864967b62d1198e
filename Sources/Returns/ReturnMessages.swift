import JSON
import Registers

/// What may be said about returns on the topic of result submissions. Each body is read strictly.
enum ReturnMessage {
    /// The CloudEvents types, as `docs/asyncapi.yaml` lists them.
    enum Kind {
        static let submitted = "cn.yaohao.returns.return-submitted.v1"
        static let decided = "cn.yaohao.returns.return-decided.v1"
        static let answered = "cn.yaohao.returns.return-answered.v1"
        static let activity = "cn.yaohao.returns.activity-recorded.v1"
    }

    /// Most characters of a problem, suggestion, answer or note.
    static let longestText = 2_000

    /// A department submits its return (报送); the figures are counted by the system, never sent.
    struct Submitted {
        let period: ReturnPeriod
        let department: String
        let filledBy: String
        let isZero: Bool
        let problems: [String]
        let suggestions: [String]
        /// The digest of the figures that the department looked at.
        let digest: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            period = try ReturnMessage.period(&reader)
            department = try ReturnMessage.words(reader.required("department"))
            filledBy = try ReturnMessage.words(reader.required("filled_by"))
            isZero = try reader.bool("zero")
            problems = try reader.required("problems").array(ReturnMessage.words)
            suggestions = try reader.required("suggestions").array(ReturnMessage.words)
            digest = try reader.optional("digest")?.nullable()?.string("64 位小写十六进制数 lower-case hexadecimal digits") {
                $0.utf8.count == 64 && $0.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            }
            try reader.finish()
        }
    }

    /// The head approves a version, or gives it back (审批).
    struct Decided {
        enum Decision: String, CaseIterable { case approved, returned }

        let period: ReturnPeriod
        let department: String
        let version: Int
        let decision: Decision
        let byName: String
        let reason: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            period = try ReturnMessage.period(&reader)
            department = try ReturnMessage.words(reader.required("department"))
            version = try reader.integer("version", in: 1...9_999)
            decision = try reader.required("decision").choice()
            byName = try ReturnMessage.words(reader.required("by_name"))
            reason = try reader.optional("reason")?.nullable().map(ReturnMessage.words)
            guard decision == .approved || reason != nil else {
                throw reader.error("reason", "退回须写明理由 / say why the return is given back")
            }
            try reader.finish()
        }
    }

    /// The office answers problems and suggestions (答复).
    struct Answered {
        enum What: String, CaseIterable { case problem, suggestion }

        let period: ReturnPeriod
        let department: String
        let version: Int
        let answers: [(what: String, number: Int, answer: String)]

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            period = try ReturnMessage.period(&reader)
            department = try ReturnMessage.words(reader.required("department"))
            version = try reader.integer("version", in: 1...9_999)
            let field = try reader.required("answers")
            answers = try field.array { element in
                try element.object { answer in
                    (
                        what: try answer.required("what").choice(of: What.self).rawValue,
                        number: try answer.integer("number", in: 1...1_000),
                        answer: try ReturnMessage.words(answer.required("answer"))
                    )
                }
            }
            guard !answers.isEmpty, Set(answers.map { "\($0.what)/\($0.number)" }).count == answers.count else {
                throw field.error("至少一条，且每条只答复一次 / answer at least one, each once")
            }
            try reader.finish()
        }
    }

    /// Publicity or training that a department held (宣传培训).
    struct Activity {
        enum Sort: String, CaseIterable { case publicity, training }

        let id: String
        let department: String
        let sort: Sort
        let heldOn: Day
        let title: String
        let form: String
        let participants: Int
        let note: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            id = try reader.required("id").string("由字母、数字、.、_、- 组成的编号 letters, digits, . _ -") { text in
                (1...64).contains(text.utf8.count) && text.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil
            }
            department = try ReturnMessage.words(reader.required("department"))
            sort = try reader.required("kind").choice()
            let field = try reader.required("held_on")
            guard let day = Day(try field.string()) else {
                throw field.error("应写成 YYYY-MM-DD / is not a day written YYYY-MM-DD")
            }
            heldOn = day
            title = try ReturnMessage.words(reader.required("title"))
            form = try ReturnMessage.words(reader.required("form"))
            participants = try reader.integer("participants", in: 0...1_000_000)
            note = try reader.optional("note")?.nullable().map(ReturnMessage.words)
            try reader.finish()
        }
    }

    private static func period(_ reader: inout JSONReader) throws -> ReturnPeriod {
        let kind = try reader.required("kind").choice(of: ReturnKind.self)
        let field = try reader.required("period")
        guard let period = ReturnPeriod(kind, try field.string()) else {
            throw field.error("应写成 2026-03（月报）、2026-H1（半年）或 2026（年度）/ write YYYY-MM, YYYY-H1 or YYYY as the kind wants")
        }
        return period
    }

    private static func words(_ field: JSONField) throws -> String {
        let text = try field.string()
        guard text.contains(where: { !$0.isWhitespace }) else { throw field.error("不能为空 / must not be empty") }
        guard text.count <= longestText, !text.unicodeScalars.contains("\0") else {
            throw field.error("超过 \(longestText) 字或含有空字符 / is longer than \(longestText) characters or holds U+0000")
        }
        return text
    }
}
