public import Cluster
import JSON

/// What the department's reviewer says of a version of a result (审核): released, or back to who entered it.
public struct ReviewedResult: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.result-reviewed.v1"

    /// What the reviewer decides.
    public enum Decision: String, Sendable, CaseIterable {
        /// It may be published.
        case approved
        /// It is to be corrected.
        case returned
    }

    /// The visit's id.
    public let visit: String
    /// The department whose result it is.
    public let department: String
    /// The version that was looked at.
    public let version: Int
    /// What is decided.
    public let decision: Decision
    /// Why it is returned.
    public let reason: String?

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        visit = try reader.required("visit").identifier()
        department = try reader.required("department").identifier()
        version = try reader.integer("version", in: 1...1_000_000)
        let decision = try reader.required("decision")
        self.decision = try decision.choice()
        reason = try reader.optionalWording("reason")
        guard self.decision == .approved || reason != nil else {
            throw reader.error("reason", "退回须写明理由 / say why it is returned")
        }
        try reader.finish()
    }

    /// A review of the given parts.
    public init(visit: String, department: String, version: Int, decision: Decision, reason: String? = nil) {
        self.visit = visit
        self.department = department
        self.version = version
        self.decision = decision
        self.reason = reason
    }
}

/// What a review is judged by.
public struct ReviewFacts: Sendable {
    /// The latest version; `nil` while none is recorded.
    public let version: Int?
    /// The person who recorded that version, or the key where none was named; `nil` in unsigned mode.
    public let recordedBy: String?
    /// Whether that version has been reviewed.
    public let isReviewed: Bool

    /// Facts of the given parts.
    public init(version: Int?, recordedBy: String?, isReviewed: Bool) {
        self.version = version
        self.recordedBy = recordedBy
        self.isReviewed = isReviewed
    }
}

/// Decides whether a review counts: of the department's own result, of its latest version, once, and not by the
/// person, or key, that recorded it (录入与审核不得为同一人).
///
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ review: ReviewedResult, signer: String, signatory: String?, facts: ReviewFacts) throws(Rejection) {
    try requireOwnPart(of: review.department, signer: signer)
    var reasons: [Reason] = []
    switch facts.version {
    case nil:
        reasons.append(
            Reason(
                field: "visit", code: "result.none",
                message: "\(review.department) 对此任务还没有录入结果；record the result first"))
    case review.version?:
        if facts.isReviewed {
            reasons.append(
                Reason(
                    field: "version", code: "result.reviewed",
                    message: "第 \(review.version) 版已经审核；a version is reviewed once, correct it for another review"))
        }
        if let signatory, signatory == facts.recordedBy {
            reasons.append(
                Reason(
                    field: "", code: "review.same-key",
                    message: "录入与审核不得为同一人，请由另一人审核（另一账号或另一密钥）；let somebody else review it"))
        }
    case let latest?:
        reasons.append(
            Reason(
                field: "version", code: "result.version",
                message: "现行版本是第 \(latest) 版，不是第 \(review.version) 版；look at the latest version"))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}

/// A department speaks for itself only (谁抽查、谁录入). Whoever speaks for another is told nothing else, since that would
/// tell it of the other's part.
///
/// - Throws: `Rejection`.
func requireOwnPart(of department: String, signer: String) throws(Rejection) {
    guard department == signer else {
        throw Rejection(
            field: "department", code: "department.other",
            message: "谁抽查、谁录入：签名部门是 \(signer)，不能替 \(department) 录入；sign with the key of \(department)")
    }
}

/// The one refusal for a visit that there is not and for one that is others': nobody learns from it which visits there are.
///
/// - Returns: the reason that a department has no part in a visit.
func noPart(of department: String) -> Reason {
    Reason(
        field: "visit", code: "visit.unknown",
        message: "没有 \(department) 参加的此项检查任务，请核对编号；no drawn round has this visit with a part of \(department)")
}
