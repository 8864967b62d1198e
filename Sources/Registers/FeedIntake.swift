public import Cluster
import JSON
public import Logging
public import Postgres

/// Takes the messages of feed topics: checks them, keeps their rows, and applies a feed once it is whole.
///
/// Guarantee: taking a message twice, or a whole feed sent again, changes nothing; a row that the broker lost keeps its
/// feed from being applied until the row is sent again. Feeds are de-duplicated by version and position, not by the
/// inbox.
public struct FeedIntake: Sendable {
    /// How many messages are best taken at a time: each time costs a transaction.
    public static let batch = 1_000

    let pool: PostgresPool
    let topics: Topics
    let directory: KeyDirectory
    let deadLetters: DeadLetters
    private let reader: Reader
    let applier: FeedApplier
    /// Takes large feeds in while they come; without it they are taken in at their end.
    public let follower: FeedFollower
    let logger: Logger

    /// An intake for a county's feed topics.
    public init(
        pool: PostgresPool, topics: Topics, directory: KeyDirectory, deadLetters: DeadLetters, logger: Logger
    ) {
        self.pool = pool
        self.topics = topics
        self.directory = directory
        self.logger = logger
        self.deadLetters = deadLetters
        reader = Reader(topics: topics)
        applier = FeedApplier(pool: pool, topics: topics, logger: logger)
        follower = FeedFollower(applier, logger: logger)
    }

    /// Bytes of messages that are read and stored at a time, and how many messages.
    private static let slice = (bytes: 1 << 18, messages: 200)

    /// Takes messages of one partition, in order. What cannot be taken becomes a dead letter.
    ///
    /// - Throws: what may pass on a later try, such as `PostgresError`; then take the same messages again.
    public func take(_ messages: [RawMessage]) async throws {
        var ended: Set<FeedName> = []
        var repeated: Set<FeedName> = []
        var start = 0
        while start < messages.count {
            var end = start
            var bytes = 0
            while end < messages.count, end - start < Self.slice.messages, end == start || bytes < Self.slice.bytes {
                bytes += messages[end].value?.count ?? 0
                end += 1
            }
            let stored = try await store(Array(messages[start..<end]))
            ended.formUnion(stored.ended)
            repeated.formUnion(stored.repeated)
            start = end
        }
        // Each resending closes with the markers again, so an end is the only moment at which a feed can become whole.
        for name in ended.sorted() { try await applier.settle(name) }
        for name in repeated.sorted() { try await applier.repeatReceipt(of: name) }
    }

    /// Reads some messages, and stores what they say in one transaction.
    ///
    /// Everything is read and made ready before the transaction begins: one that is open while a partition computes would
    /// wait for its turn behind the computing of all the others.
    ///
    /// - Returns: the feeds of which an end was among them, those apart that had been settled before.
    private func store(_ messages: [RawMessage]) async throws -> (ended: Set<FeedName>, repeated: Set<FeedName>) {
        var pages: [StagedPage] = []
        var begun: [FeedHeading] = []
        var ends: [FeedEnd] = []
        for (message, verified) in zip(messages, try await directory.verified(messages)) {
            try await follower.catchUp()
            do {
                switch try await reader.read(message, verified.get()) {
                case .page(let page):
                    pages.append(page)
                case .begin(let heading): begun.append(heading)
                case .end(let end): ends.append(end)
                }
            } catch let error as Undeliverable {
                logger.warning(
                    "feed message is undeliverable",
                    metadata: [
                        "kafka.topic": "\(message.topic)", "kafka.partition": "\(message.partition)",
                        "kafka.offset": "\(message.offset)", "reason": "\(error.reason)",
                    ])
                try await deadLetters.store(message, code: error.code, reason: error.reason)
            }
        }
        // Ends last: once all are there, another partition's worker takes the feed for whole and looks for these pages.
        if !pages.isEmpty {
            try await store(pages)
            let ending = Set(ends.map(\.heading.name))
            for page in pages where !ending.contains(page.feed) { follower.note(page) }
        }
        guard !begun.isEmpty || !ends.isEmpty else { return ([], []) }
        let settled = try await store(begun + ends.map(\.heading), ends)
        let ended = Set(ends.map(\.heading.name))
        return (ended.subtracting(settled), ended.intersection(settled))
    }

    /// Stores markers of feeds that are not settled yet.
    ///
    /// - Returns: the feeds that are.
    private func store(_ headings: [FeedHeading], _ ends: [FeedEnd]) async throws -> Set<FeedName> {
        // In the order of their keys, so that two workers never wait for each other in a circle.
        let headings = Dictionary(headings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            .values.sorted { $0.name < $1.name }
        return try await pool.transaction { transaction in
            try await holdOff(headings.map(\.name), transaction)
            try await transaction.execute(
                """
                INSERT INTO registers.feeds (register, source, id, mode, version, partitions, allow_shrink, person)
                SELECT register, source, id, mode, version, partitions, allow_shrink, nullif(person, '')
                FROM unnest(\(headings.map(\.register.rawValue))::text[], \(headings.map(\.source))::text[],
                    \(headings.map(\.id))::text[], \(headings.map(\.mode.rawValue))::text[],
                    \(headings.map(\.version))::bigint[], \(headings.map(\.partitions))::integer[],
                    \(headings.map(\.allowShrink))::boolean[], \(headings.map { $0.person ?? "" })::text[])
                    AS h (register, source, id, mode, version, partitions, allow_shrink, person)
                ON CONFLICT DO NOTHING
                """)
            let settled = try await transaction.query(
                """
                SELECT h.ordinal FROM unnest(\(headings.map(\.register.rawValue))::text[],
                    \(headings.map(\.source))::text[], \(headings.map(\.id))::text[])
                    WITH ORDINALITY AS h (register, source, id, ordinal)
                JOIN registers.feeds f USING (register, source, id) WHERE f.applied_at IS NOT NULL
                """
            ).map { headings[try $0.decode("ordinal", as: Int.self) - 1].name }
            let ends = ends.filter { !settled.contains($0.heading.name) }
            try await transaction.execute(
                """
                INSERT INTO registers.feed_ends (register, source, feed, partition, count, checksum)
                SELECT * FROM unnest(\(ends.map(\.heading.register.rawValue))::text[],
                    \(ends.map(\.heading.source))::text[], \(ends.map(\.heading.id))::text[],
                    \(ends.map(\.partition))::integer[], \(ends.map(\.count))::bigint[],
                    \(ends.map(\.checksum))::text[])
                ON CONFLICT DO NOTHING
                """)
            return Set(settled)
        }
    }

    /// Keeps feeds from being settled until the transaction has ended; what it sees of them stays true so long.
    private func holdOff(_ feeds: [FeedName], _ transaction: PostgresTransaction) async throws {
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock_shared(l.lock) FROM unnest(\(feeds.map(\.lock).sorted())::bigint[]) AS l (lock)"
        )
    }

    /// Stores the rows of pages that are not there yet, of feeds that are not applied yet.
    private func store(_ pages: [StagedPage]) async throws {
        // In the order of their keys, so that two workers never wait for each other in a circle.
        let pages = pages.sorted { ($0.feed, $0.position) < ($1.feed, $1.position) }
        let feeds = Set(pages.map(\.feed)).sorted()
        let uuids = Dictionary(uniqueKeysWithValues: feeds.map { ($0, $0.uuid) })
        try await pool.transaction { transaction in
            try await holdOff(feeds, transaction)
            let fresh = try await transaction.query(Self.insertion(of: pages))
            let places = Set(
                try fresh.map { row in
                    [
                        try row.decode("feed", as: String.self).replacing("-", with: ""),
                        String(try row.decode("position", as: Int.self)),
                    ]
                })
            var taken: Set<[String]> = []
            let new = pages.filter { page in
                let place = [uuids[page.feed] ?? "", String(page.position)]
                return places.contains(place) && taken.insert(place).inserted
            }
            guard !new.isEmpty else { return }
            try await transaction.copyInBinary(
                "COPY registers.feed_contents (feed, position, good, rest) FROM STDIN (FORMAT binary)"
            ) { writer in
                for page in new {
                    var copy = BinaryCopy()
                    copy.begin(fields: 4)
                    copy.append(raw: page.feed.digest)
                    copy.append(bigint: page.position)
                    copy.append(length: page.contents.good.count)
                    try await writer.write(copy.bytes)
                    try await writer.write(page.contents.good)
                    copy = BinaryCopy()
                    copy.append(raw: page.contents.rest)
                    try await writer.write(copy.bytes)
                }
            }
        }
    }

    /// Inserts pages that are not there yet, of feeds that are not applied yet; gives back `feed` and `position` of each.
    static func insertion(of pages: [StagedPage]) -> SQL {
        let departments = pages.map { JSONText(.strings($0.departments.sorted())) }
        let regions = pages.map { JSONText(.strings($0.regions.sorted())) }
        let industries = pages.map { JSONText(.strings($0.industries.sorted())) }
        return """
            INSERT INTO registers.feed_pages (feed, version, position, last, partition, rows, digest, departments,
                regions, industries)
            SELECT p.feed::uuid, p.version, p.position, p.last, p.partition, p.rows, p.digest,
                ARRAY(SELECT jsonb_array_elements_text(p.departments)),
                ARRAY(SELECT jsonb_array_elements_text(p.regions)),
                ARRAY(SELECT jsonb_array_elements_text(p.industries))
            FROM unnest(\(pages.map { $0.feed.uuid })::text[], \(pages.map(\.version))::bigint[],
                    \(pages.map(\.position))::bigint[],
                    \(pages.map(\.last))::bigint[],
                    \(pages.map(\.partition))::integer[], \(pages.map(\.rows))::bigint[],
                    \(pages.map(\.digest))::bytea[],
                    \(pages.map(\.feed.register.rawValue))::text[], \(pages.map(\.feed.source))::text[],
                    \(pages.map(\.feed.id))::text[], \(departments)::jsonb[], \(regions)::jsonb[], \(industries)::jsonb[])
                AS p (feed, version, position, last, partition, rows, digest, register, source, id, departments,
                    regions, industries)
            WHERE NOT EXISTS (
                SELECT FROM registers.feeds f
                WHERE f.register = p.register AND f.source = p.source AND f.id = p.id AND f.applied_at IS NOT NULL)
            ON CONFLICT DO NOTHING
            RETURNING feed::text AS feed, position
            """
    }

    /// Reads one message at a time, whatever partition it is of: what computes longest must not have all processors while
    /// the database and who waits for its answer in the midst of a transaction have none.
    private actor Reader {
        private let topics: Topics

        init(topics: Topics) { self.topics = topics }

        func read(_ message: RawMessage, _ verified: KeyDirectory.Verified) throws -> FeedMessage {
            guard let register = Register.allCases.first(where: { topics.feed($0.rawValue) == message.topic }) else {
                throw Undeliverable(code: "envelope", reason: "\(message.topic) is no feed topic")
            }
            guard verified.entry.roles.contains(.feed) else {
                throw Undeliverable(code: "role", reason: "the key may not feed registers; use one with the role feed")
            }
            try verified.entry.mayName(verified.event.person)
            return try FeedMessage(
                verified.event, register: register, partition: Int(message.partition), key: message.key)
        }
    }
}
