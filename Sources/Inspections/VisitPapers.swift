public import JSON
import Mustache
public import Postgres

/// The papers of a visit (检查文书), as pages of HTML that print on A4.
///
/// Everything that comes from data is escaped. Papers hold names and certificate numbers and are for the department and
/// the enterprise only.
public struct VisitPapers: Sendable {
    /// One paper.
    public struct Paper: Sendable, Hashable {
        /// The file's name, such as `task-sheet.html`.
        public let name: String
        /// The page.
        public let html: String
    }

    /// Why there are no papers.
    public enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The department does not take part in the visit.
        case notInVisit(department: String, visit: String)
        /// The template of a paper is broken.
        case template(String)

        /// One line that says what to do.
        public var description: String {
            switch self {
            case .notInVisit(let department, let visit):
                "部门 \(department) 不参加检查任务 \(visit) / the department takes no part in this visit"
            case .template(let message): "文书模板有误：\(message) / a template is broken"
            }
        }
    }

    /// What the QR code says when nothing is configured; `{visit}` stands for the visit's id.
    public static let standardCode = "yaohao:visit:{visit}"

    private let library: MustacheLibrary

    /// Reads the templates.
    ///
    /// - Throws: `Problem.template` when the program was built with a broken one.
    public init() throws(Problem) {
        var library = MustacheLibrary()
        do {
            for (name, bytes) in Self.templates {
                try library.register(String(decoding: bytes, as: UTF8.self), named: name)
            }
        } catch {
            throw .template("\(error)")
        }
        self.library = library
    }

    private static let templates: [(String, [UInt8])] = [
        ("style", PackageResources.style_mustache), ("header", PackageResources.header_mustache),
        ("task-sheet", PackageResources.task_sheet_mustache), ("notice", PackageResources.notice_mustache),
        ("record", PackageResources.record_mustache), ("result-notice", PackageResources.result_notice_mustache),
        ("correction-order", PackageResources.correction_order_mustache),
        ("service-receipt", PackageResources.service_receipt_mustache),
        ("transfer-letter", PackageResources.transfer_letter_mustache),
    ]

    /// The papers of one department's part of a visit. Forms that nothing is known for yet have blanks to write in.
    ///
    /// - Parameters:
    ///   - report: the visit, as ``VisitReport/show(_:_:)`` gives it.
    ///   - department: the department.
    ///   - categories: the names of the result categories, and of the states of objects, in the order of the form.
    ///   - code: what the QR code says, with `{visit}` for the visit's id.
    ///   - word: the entity's word (核验词), by which it asks the open site for its own line; none where there is no site.
    /// - Throws: `Problem`, `QRCode.Problem`.
    public func papers(
        of report: JSONValue, department: String, categories: (results: [String], states: [String]), code: String,
        word: String? = nil
    ) throws -> [Paper] {
        let sheet = try Sheet(report, department: department, categories: categories)
        let qr = try QRCode(code.replacing("{visit}", with: sheet.visit)).svg
        let corrections = sheet.consequences(of: ["correction"])
        let transfers = sheet.consequences(of: ["judiciary", "copied"])
        var papers = [
            try render("task-sheet", "检查任务单", sheet.common),
            try render(
                "notice", "检查通知书",
                sheet.common.merging(["code": qr, "word": word ?? "", "has_word": word != nil]) { _, new in new }),
            try render("record", "现场检查记录表", sheet.common), try render("result-notice", "检查结果告知书", sheet.common),
        ]
        for (number, consequence) in Self.numbered(corrections) {
            papers.append(
                try render("correction-order", "责令改正通知书", sheet.with(consequence, onlyFindings: true), number: number))
        }
        for (number, consequence) in Self.numbered(transfers) {
            papers.append(
                try render("transfer-letter", "案件（线索）移送函", sheet.with(consequence, onlyFindings: true), number: number))
        }
        let documents = ["检查通知书", "检查结果告知书"] + corrections.map { "责令改正通知书（\($0["id"]?.text ?? "")）" } + [""]
        papers.append(
            try render("service-receipt", "送达回证", sheet.common.merging(["documents": documents]) { _, new in new }))
        return papers
    }

    /// Reads what the papers need and makes them; `nil` when no drawn round has the visit.
    ///
    /// - Throws: `Problem`, `QRCode.Problem`.
    public func papers(
        of visit: String, department: String, code: String, _ database: some PostgresQueryable
    ) async throws -> [Paper]? {
        guard let report = try await VisitReport.show(visit, database) else { return nil }
        let rows = try await database.query(
            "SELECT name, kind FROM inspections.categories ORDER BY kind = 'clear' DESC, kind, name")
        let names = try rows.map {
            (try $0.decode("name", as: String.self), try $0.decode("kind", as: String.self) == "state")
        }
        return try papers(
            of: report, department: department,
            categories: (names.filter { !$0.1 }.map(\.0), names.filter(\.1).map(\.0)), code: code,
            word: try await Self.word(of: report["entity"]?.text ?? "", database))
    }

    /// The word of an entity; `nil` in a database without an open site.
    private static func word(of entity: String, _ database: some PostgresQueryable) async throws -> String? {
        let row = try await database.query("SELECT to_regprocedure('site.word_of(text)') IS NOT NULL").first
        guard try row?.decode(0, as: Bool.self) == true else { return nil }
        return try await database.query("SELECT site.word_of(\(entity))").first?.decode(0, as: String.self)
    }

    /// Each with its number where there are several; one blank form where there is none.
    private static func numbered(_ list: [JSONValue]) -> [(Int?, JSONValue?)] {
        if list.isEmpty { return [(nil, nil)] }
        return list.enumerated().map { (list.count > 1 ? $0.offset + 1 : nil, $0.element) }
    }

    private func render(
        _ template: String, _ title: String, _ context: [String: Any], number: Int? = nil
    ) throws(Problem) -> Paper {
        let titled = context.merging(["title": title]) { _, new in new }
        guard let html = library.render(titled, withTemplate: template) else { throw .template(template) }
        return Paper(name: template + (number.map { "-\($0)" } ?? "") + ".html", html: html)
    }
}
