import Cluster
import Draw
import Registers

/// An inspection item as far as a request's check needs it.
struct CatalogueItem: Sendable, Equatable {
    let id: String
    let department: String
    /// The upper cap of a general item's rate; `nil` for a key item.
    let capPPM: Int?
    /// The first day on which it may be inspected, `YYYY-MM-DD`.
    let inForceFrom: String?
    /// The last such day.
    let inForceUntil: String?

    /// What speaks against a request's items: unknown ones, other departments', those not in force throughout the
    /// window, rates above a general item's cap.
    static func reasons(_ request: DrawRequest, catalogue: [CatalogueItem]) -> [Reason] {
        let byID = Dictionary(catalogue.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return request.items.enumerated().flatMap { index, id -> [Reason] in
            let field = "request.items[\(index)]"
            guard let item = byID[id] else {
                return [Reason(field: field, code: "item.unknown", message: "抽查事项清单中没有 \(id)")]
            }
            guard item.department == request.department else {
                return [Reason(field: field, code: "item.other", message: "\(id) 是 \(item.department) 的事项")]
            }
            guard item.inForceFrom ?? "" <= request.window.first,
                request.window.last <= item.inForceUntil ?? "9999-12-31"
            else {
                return [
                    Reason(
                        field: field, code: "item.not-in-force",
                        message: "\(id) 的有效期为 \(item.inForceFrom ?? "…") 至 \(item.inForceUntil ?? "…")，"
                            + "未涵盖检查时间 / is not in force throughout the window")
                ]
            }
            guard case .rates(let rates) = request.sample else { return [] }
            return RateCap.reasons(
                item: id, cap: item.capPPM,
                rates: rates.sorted { $0.key.rawValue < $1.key.rawValue }
                    .map { ("request.sample.rates_ppm.\($0.key.rawValue)", $0.value) })
        }
    }
}
