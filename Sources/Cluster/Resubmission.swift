import Crypto

extension SubmissionDraft {
    /// The draft that says the same anew, where a receipt only repeats that it was rejected when it was first said.
    ///
    /// The rejected one had no effect and never will; what spoke against it may be mended since. The new id follows from
    /// the old one, so that whoever says it many times at once still says one thing.
    public func anew(after receipt: Receipt) -> SubmissionDraft? {
        guard receipt.status == .rejected, receipt.firstSaid != nil else { return nil }
        return named(hexText(SHA256.hash(data: Array("again \(receipt.id)".utf8)).bytes.prefix(16)))
    }

    /// The same draft under an id of its own.
    public func named(_ id: String) -> SubmissionDraft {
        SubmissionDraft(type: type, subject: subject, data: data, id: id, source: source, person: person)
    }
}

extension SubmissionClient {
    /// Submits the drafts like `submit`; those without an id of their own that were rejected at an earlier time are tried
    /// again. One that was accepted before is not: its receipt has `firstSaid`.
    ///
    /// - Throws: what `submit` throws.
    public func submitAnew(_ drafts: [SubmissionDraft], timeout: Duration) async throws -> [Receipt] {
        var receipts = try await submit(drafts, timeout: timeout)
        var open = drafts.indices.filter { drafts[$0].id == nil }
        while true {
            let next = open.compactMap { index in
                drafts[index].anew(after: receipts[index]).map { (index: index, draft: $0) }
            }
            if next.isEmpty { return receipts }
            let more = try await submit(next.map(\.draft), timeout: timeout)
            for (item, receipt) in zip(next, more) { receipts[item.index] = receipt }
            open = next.map(\.index)
        }
    }
}
