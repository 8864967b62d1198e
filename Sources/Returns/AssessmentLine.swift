public import JSON
public import Postgres
import Registers

/// The figures of one department for the assessment of the business environment (营商环境考核).
///
/// Source: 固政办发〔2021〕32号 五（五）: 已纳入优化营商环境考核目标.
public struct AssessmentLine: Sendable, Hashable {
    /// The columns with their names, in order.
    static let columns = [
        ("department", "部门编号"), ("name", "部门"), ("due", "应抽户次"), ("inspected", "已查户次"), ("done_ppm", "完成率（百万分之）"),
        ("published", "已公示"), ("published_ppm", "公示率（百万分之）"), ("published_in_time", "按期公示"),
        ("joint", "参与部门联合抽查户次"), ("follow_ups", "后续处置"), ("closed_ppm", "办结率（百万分之）"), ("returns", "报送月报份数"),
        ("activities", "宣传培训次数"),
    ]

    let values: [JSONValue]

    /// One line for each department, by id.
    public static func lines(
        _ period: ReturnPeriod, at instant: String, _ pool: PostgresPool
    ) async throws -> [AssessmentLine] {
        let rows = try await pool.query(
            """
            SELECT d.id, d.name,
                (SELECT count(*) FROM notices.deadlines n WHERE n.kind = 'publication' AND n.recipient = d.id
                    AND n.due_on BETWEEN \(period.first.description)::text::date AND \(period.last.description)::text::date
                    AND (n.met_at AT TIME ZONE 'Asia/Shanghai')::date <= n.due_on) AS in_time,
                (SELECT count(*) FROM returns.submitted s WHERE s.kind = 'monthly' AND s.department = d.id
                    AND left(s.period, 4) = left(\(period.name)::text, 4)) AS returns,
                (SELECT count(*) FROM returns.activities a WHERE a.department = d.id
                    AND a.held_on BETWEEN \(period.first.description)::text::date AND \(period.last.description)::text::date)
                    AS activities
            FROM registers.departments d WHERE d.valid_to IS NULL ORDER BY d.id
            """)
        var lines: [AssessmentLine] = []
        for row in rows {
            let department = try row.decode("id", as: String.self)
            let section = try await ReturnStore.report(period, department: department, at: instant, pool).section
            func ppm(_ ppm: Int?) -> JSONValue { ppm.map { .integer($0) } ?? .null }
            lines.append(
                AssessmentLine(values: [
                    .string(department), .string(try row.decode("name", as: String.self)), .integer(section.all.due),
                    .integer(section.all.inspected), ppm(partsPerMillion(section.all.inspected, of: section.all.due)),
                    .integer(section.all.published), ppm(section.all.publishedPPM),
                    .integer(try row.decode("in_time", as: Int.self)), .integer(section.joint.inspected),
                    .integer(section.all.followUps), ppm(section.all.closedPPM),
                    .integer(try row.decode("returns", as: Int.self)),
                    .integer(try row.decode("activities", as: Int.self)),
                ]))
        }
        return lines
    }

    /// For programs.
    public var json: JSONValue {
        .object(
            Dictionary(zip(Self.columns.map(\.0), values), uniquingKeysWith: { first, _ in first }))
    }

    /// As CSV (RFC 4180) with a heading in Chinese; nothing where there is nothing to divide by.
    public static func csv(_ lines: [AssessmentLine]) -> [String] {
        func cell(_ value: JSONValue) -> String {
            switch value {
            case .string(let text):
                text.contains(where: { ",\"\r\n".contains($0) })
                    ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
            case .integer(let number): String(number)
            default: ""
            }
        }
        return [columns.map(\.1).joined(separator: ",")] + lines.map { $0.values.map(cell).joined(separator: ",") }
    }
}
