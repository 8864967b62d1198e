/// The tickets (签号) of one request's stream: draw-v1 §5.
struct Tickets: Sendable {
    /// Whether all joint requests have the same tickets.
    let areShared: Bool
    private let prefix: HashPrefix

    init(seedHex: String, request: DrawRequest) {
        areShared = request.coordination == .joint
        prefix = HashPrefix(areShared ? seedHex : Hash(of: "\(seedHex):\(request.id)").hex)
    }

    /// The hash of `STREAMHEX` followed by the entity's id.
    func ticket(of entity: UnsafeRawBufferPointer) -> Hash { prefix.hash(entity) }

    /// The hash of `STREAMHEX` followed by the entity's id.
    func ticket(of entity: String) -> Hash { prefix.hash(entity) }
}
