public import Cluster
import JSON
import Postgres
import Registers

/// What departments say about publication outside of this system: on the topic of result submissions.
public enum NoticeSubmissions {
    /// The handlers of this slice.
    public static let handlers: [SubmissionHandler] = [
        PlatformRecord.handler, OutsideDraw.handler, CorrectionRequest.handler, CorrectionAnswer.handler,
    ]
}

/// What the mandated platform (部门协同监管平台、国家企业信用信息公示系统) gave back for what was entered there (回填).
struct PlatformRecord: Sendable, Hashable {
    /// What was entered there.
    enum Kind: String, CaseIterable, Sendable { case item, plan, draw, result }

    static let eventType = "cn.yaohao.notices.platform-recorded.v1"

    let kind: Kind
    /// The item, plan, round or publication.
    let subject: String
    /// The platform's number of the task (任务编号).
    let taskNumber: String?
    /// Where the platform shows it.
    let address: String?
    let enteredOn: Day

    init(_ data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        kind = try reader.required("kind").choice()
        subject = try reader.required("subject").noticeText()
        taskNumber = try reader.optional("task_number")?.nullable()?.noticeText()
        address = try reader.optional("address")?.nullable()?.string("http:// or https:// 网址") {
            $0.wholeMatch(of: /https?:\/\/[!-~]{1,2000}/) != nil
        }
        enteredOn = try reader.required("entered_on").day()
        try reader.finish()
        guard taskNumber != nil || address != nil else {
            throw reader.error("task_number", "任务编号与公示网址至少填一个 / give task_number or address")
        }
    }

    static let handler = SubmissionHandler(type: eventType, role: .result) { submission, transaction in
        let record = try PlatformRecord(submission.data)
        let owner: SQL =
            switch record.kind {
            case .item:
                """
                SELECT department FROM registers.items WHERE id = \(record.subject) ORDER BY valid_from DESC LIMIT 1
                """
            case .plan: "SELECT department FROM plans.plans WHERE id = \(record.subject)"
            case .draw:
                """
                SELECT department FROM rounds.requests
                WHERE round = \(record.subject) AND department = \(submission.department) LIMIT 1
                """
            case .result: "SELECT department FROM open.publications WHERE id = \(record.subject)"
            }
        try await belongs(submission, field: "subject", owner, transaction)
        try await transaction.execute(
            """
            INSERT INTO notices.platform_records
                (kind, subject, department, task_number, address, entered_on, source, submission)
            VALUES (\(record.kind.rawValue), \(record.subject), \(submission.department),
                \(optional: record.taskNumber), \(optional: record.address),
                \(record.enteredOn.description)::text::date, \(submission.source), \(submission.id))
            """)
        return Effects(details: ["kind": .string(record.kind.rawValue), "subject": .string(record.subject)])
    }
}

/// A draw that was made elsewhere (系统外抽取), so that the ledger has it.
struct OutsideDraw: Sendable, Hashable {
    static let eventType = "cn.yaohao.notices.outside-draw-recorded.v1"

    let id: String
    let title: String
    /// Where it was drawn.
    let system: String
    /// Why not here.
    let reason: String
    let drawnOn: Day
    let items: [String]
    /// How many it was drawn from, and how many were drawn.
    let pool: Int
    let objects: Int
    let taskNumber: String?
    let address: String?

    init(_ data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        id = try reader.required("id").noticeText()
        title = try reader.required("title").noticeText()
        system = try reader.required("system").noticeText()
        reason = try reader.required("reason").noticeText()
        drawnOn = try reader.required("drawn_on").day()
        items = try reader.required("items").array { try $0.noticeText() }
        let poolField = try reader.required("pool")
        pool = try poolField.integer(in: 1...10_000_000)
        objects = try reader.integer("objects", in: 1...10_000_000)
        taskNumber = try reader.optional("task_number")?.nullable()?.noticeText()
        address = try reader.optional("address")?.nullable()?.noticeText()
        try reader.finish()
        guard !items.isEmpty else { throw reader.error("items", "至少一个抽查事项 / name at least one item") }
        guard objects <= pool else { throw poolField.error("小于抽取户数 / is less than the objects drawn") }
    }

    static let handler = SubmissionHandler(type: eventType, role: .result) { submission, transaction in
        let draw = try OutsideDraw(submission.data)
        let inserted = try await transaction.execute(
            """
            INSERT INTO notices.outside_draws (id, department, title, system, reason, drawn_on, items, pool, objects,
                task_number, address, source, submission)
            VALUES (\(draw.id), \(submission.department), \(draw.title), \(draw.system), \(draw.reason),
                \(draw.drawnOn.description)::text::date, \(draw.items), \(draw.pool)::int4, \(draw.objects)::int4,
                \(optional: draw.taskNumber), \(optional: draw.address), \(submission.source), \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "id", code: "draw.exists", message: "编号 \(draw.id) 已登记 / is recorded; use another id")
        }
        return Effects(details: ["id": .string(draw.id)])
    }
}

/// An enterprise wants something published corrected (更正申请), as the department took it in.
struct CorrectionRequest: Sendable, Hashable {
    static let eventType = "cn.yaohao.notices.correction-requested.v1"

    let id: String
    let publication: String
    let requestedOn: Day
    let reason: String

    init(_ data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        id = try reader.required("id").noticeText()
        publication = try reader.required("publication").noticeText()
        requestedOn = try reader.required("requested_on").day()
        reason = try reader.required("reason").noticeText(longest: 4_000)
        try reader.finish()
    }

    static let handler = SubmissionHandler(type: eventType, role: .result) { submission, transaction in
        let request = try CorrectionRequest(submission.data)
        try await belongs(
            submission, field: "publication",
            "SELECT department FROM open.publications WHERE id = \(request.publication)", transaction)
        let inserted = try await transaction.execute(
            """
            INSERT INTO notices.correction_requests
                (id, publication, department, entity, requested_on, reason, source, submission)
            SELECT \(request.id), p.id, p.department, p.entity, \(request.requestedOn.description)::text::date,
                \(request.reason), \(submission.source), \(submission.id)
            FROM open.publications p WHERE p.id = \(request.publication)
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "id", code: "request.exists", message: "编号 \(request.id) 已登记 / is recorded; use another id")
        }
        return Effects(details: ["id": .string(request.id)])
    }
}

/// The department's answer to such a request: corrected, by a corrected result, or declined with the reason.
struct CorrectionAnswer: Sendable, Hashable {
    /// What it came to.
    enum Decision: String, CaseIterable, Sendable { case corrected, declined }

    static let eventType = "cn.yaohao.notices.correction-answered.v1"

    let request: String
    let decision: Decision
    let answer: String
    let answeredOn: Day

    init(_ data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        request = try reader.required("request").noticeText()
        decision = try reader.required("decision").choice()
        answer = try reader.required("answer").noticeText(longest: 4_000)
        answeredOn = try reader.required("answered_on").day()
        try reader.finish()
    }

    static let handler = SubmissionHandler(type: eventType, role: .result) { submission, transaction in
        let answer = try CorrectionAnswer(submission.data)
        try await belongs(
            submission, field: "request",
            "SELECT department FROM notices.correction_requests WHERE id = \(answer.request)", transaction)
        let rows = try await transaction.query(
            """
            SELECT q.requested_on::text AS requested_on, q.decision, EXISTS (
                SELECT FROM open.publications n WHERE n.visit = p.visit AND n.department = p.department
                    AND n.version > p.version) AS is_corrected
            FROM notices.correction_requests q JOIN open.publications p ON p.id = q.publication
            WHERE q.id = \(answer.request) FOR UPDATE OF q
            """)
        guard let row = rows.first else { return Effects() }
        var reasons: [Reason] = []
        if try row.decode("decision", as: String?.self) != nil {
            reasons.append(Reason(field: "request", code: "request.answered", message: "已答复 / is answered already"))
        }
        if answer.decision == .corrected, try !row.decode("is_corrected", as: Bool.self) {
            reasons.append(
                Reason(
                    field: "decision", code: "decision.uncorrected",
                    message: "更正后的结果尚未公示，请先报送更正并公示 / publish the corrected result first"))
        }
        if try answer.answeredOn < row.day("requested_on") {
            reasons.append(
                Reason(field: "answered_on", code: "answered-on.early", message: "早于申请日期 / is before the request"))
        }
        guard reasons.isEmpty else { throw Rejection(reasons) }
        try await transaction.execute(
            """
            UPDATE notices.correction_requests SET decision = \(answer.decision.rawValue), answer = \(answer.answer),
                answered_on = \(answer.answeredOn.description)::text::date
            WHERE id = \(answer.request)
            """)
        return Effects(details: ["request": .string(answer.request)])
    }
}

/// Refuses what is about something unknown, or another department's.
private func belongs(
    _ submission: Submission, field: String, _ owner: SQL, _ transaction: PostgresTransaction
) async throws {
    let department = try await transaction.query(owner).first?.decode(0, as: String.self)
    guard let department else {
        throw Rejection(field: field, code: "\(field).unknown", message: "没有此编号 / there is no such thing")
    }
    guard department == submission.department else {
        throw Rejection(
            field: field, code: "department.other",
            message: "属于部门 \(department)，请由其报送 / is of \(department); sign with the key of that department")
    }
}

extension JSONField {
    /// Text that is not blank, without control characters.
    func noticeText(longest: Int = 400) throws -> String {
        try string("text of at most \(longest) characters 文字") { text in
            !text.allSatisfy(\.isWhitespace) && text.count <= longest
                && !text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" }
        }
    }
}
