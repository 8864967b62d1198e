import Cluster
import JSON
import Testing

@Suite("What is said again")
struct ResubmissionTests {
    private let draft = SubmissionDraft(type: "cn.yaohao.registers.rule-set.v1", subject: "k", data: ["key": "k"])

    private func receipt(_ status: Receipt.Status, id: String = "one", firstSaid: String?) -> Receipt {
        var receipt = Receipt(source: "dept:X", id: id, type: draft.type, subject: "k", status: status)
        receipt.firstSaid = firstSaid
        return receipt
    }

    @Test("is tried under a new id only where it was rejected at an earlier time, and always under the same one")
    func anew() throws {
        #expect(draft.anew(after: receipt(.accepted, firstSaid: nil)) == nil)
        #expect(draft.anew(after: receipt(.rejected, firstSaid: nil)) == nil)
        #expect(draft.anew(after: receipt(.accepted, firstSaid: "2026-03-01T08:00:00Z")) == nil)
        let second = try #require(draft.anew(after: receipt(.rejected, firstSaid: "2026-03-01T08:00:00Z")))
        #expect(second.id != nil && second.named("x") == draft.named("x"))
        #expect(second == draft.anew(after: receipt(.rejected, firstSaid: "2026-04-01T08:00:00Z")))
        let third = second.anew(
            after: receipt(.rejected, id: second.id ?? "", firstSaid: "2026-03-02T08:00:00Z"))
        #expect(third != nil && third != second)
    }

    @Test("has its first time in no part of the receipt's JSON")
    func json() throws {
        let repeated = receipt(.accepted, firstSaid: "2026-03-01T08:00:00Z")
        #expect(repeated.json == receipt(.accepted, firstSaid: nil).json)
        #expect(try Receipt(json: repeated.json).firstSaid == nil)
    }
}
