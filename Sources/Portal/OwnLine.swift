import Crypto
import Draw
import JSON
import Web

/// What an enterprise's own line of a frozen roster means in a draw: the pools that it was in, its chance in each, and, once
/// the seed is open, its ticket and the threshold (入围线) of its stratum.
///
/// The threshold is the largest ticket that won in the stratum. Where credit classes are confidential it is told of no class,
/// since with the open seed anyone could compute whose smaller ticket did not win.
struct OwnLine {
    private var members: [String: JSONValue] = [:]
    private var pools: [String: [String: JSONValue]] = [:]

    /// - Parameters:
    ///   - own: the line with its proof, and the seed if it is open.
    ///   - definition: the round's definition.
    ///   - draw: the draw as the site shows it.
    /// - Throws: `DrawError`, `JSONError` when one of them is not as the database keeps it.
    init(_ own: JSONValue, entity: String, definition: JSONValue, draw: JSONValue) throws {
        guard let proof = own["proof"], case .string(let text)? = proof["line"] else { return }
        let requests = try RoundDefinition(json: definition).requests
        // A page of this one line, counted as every page is, tells the pools that it is in, and its class. The salt only
        // matters to the page's hash, which is not used.
        let page = try PageCount(
            page: Array((text + "\n").utf8), firstLine: 1, requests: requests, salt: [UInt8](repeating: 0, count: 32))
        var seed: String?
        if case .string(let hex)? = own["seed"] { seed = hex }
        let asked = Dictionary(
            Portal.list(draw["asked"]).map { ($0["request"]?.forTemplate as? String ?? "", $0) },
            uniquingKeysWith: { a, _ in a })
        for (request, sizes) in zip(requests, page.pools) {
            guard let place = sizes.firstIndex(of: 1), let known = asked[request.id] else { continue }
            let stratum = known["sample"]?["count"] == nil ? CreditClass.allCases[place].rawValue : "*"
            var pool: [String: JSONValue] = [
                "request": .string(request.id), "department_name": known["department_name"] ?? .null,
                "items": known["items"] ?? [], "stratum": .string(stratum),
                "pool_size": known["pool_sizes"]?[stratum] ?? 0, "sample_size": known["sample_sizes"]?[stratum] ?? 0,
            ]
            if case .integer(let size)? = pool["pool_size"], size > 0, case .integer(let drawn)? = pool["sample_size"] {
                pool["chance_ppm"] = .integer(Int(drawn * 1_000_000 / size))
            }
            if let seed {
                let stream = request.coordination == .joint ? seed : Self.hash("\(seed):\(request.id)")
                pool["stream"] = .string(stream)
                pool["ticket"] = .string(Self.hash(stream + entity))
            }
            pools[request.id] = pool
        }
        members = [
            "proof": proof, "proof_text": .string(proof.canonicalText), "root": own["root"] ?? .null,
            "seed": own["seed"] ?? .null,
        ]
    }

    /// The requests whose pools it was in.
    var requests: [String] { pools.keys.sorted() }

    /// Notes the outcome of a request.
    mutating func add(_ outcome: JSONValue?, to request: String) {
        guard case .object(let outcome) = outcome else { return }
        pools[request]?.merge(outcome) { _, new in new }
    }

    /// What the page says.
    var answer: [String: JSONValue] {
        members.merging(["pools": .array(requests.compactMap { pools[$0].map(JSONValue.object) })]) { _, new in new }
    }

    private static func hash(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
            .joined()
    }
}
