import Kafka
import Logging
import Postgres

extension OutboxRelay {
    /// How far back of the last message on record a log is read at first; what has to be read more of is read eight times
    /// further back each time.
    private static let firstSpan: Int64 = 64

    /// Every partition that something was delivered to, and is there.
    func deliveredPlaces(_ producer: KafkaProducer) async throws -> [Place] {
        let rows = try await pool.query(
            """
            WITH RECURSIVE places AS (
                (SELECT topic, partition FROM cluster.outbox WHERE sent_at IS NOT NULL ORDER BY topic, partition LIMIT 1)
                UNION ALL
                SELECT next.* FROM places p CROSS JOIN LATERAL (
                    SELECT o.topic, o.partition FROM cluster.outbox o
                    WHERE o.sent_at IS NOT NULL AND (o.topic, o.partition) > (p.topic, p.partition)
                    ORDER BY o.topic, o.partition LIMIT 1) next)
            SELECT topic, partition FROM places
            """)
        var places: [Place] = []
        var counts: [String: Int32] = [:]
        let own = Set(topics.all.map(\.name))
        for row in rows {
            let place = Place(
                topic: try row.decode("topic", as: String.self), partition: try row.decode("partition", as: Int32.self))
            // Under another prefix it is none of this county's topics any more.
            guard own.contains(place.topic) else { continue }
            if counts[place.topic] == nil {
                counts[place.topic] = try await producer.partitionCount(of: place.topic)
            }
            if place.partition < counts[place.topic] ?? 0 {
                places.append(place)
            } else {
                logger.error(
                    "the topic has fewer partitions than before; what was delivered to this one is not sent again",
                    metadata: ["kafka.topic": "\(place.topic)", "kafka.partition": "\(place.partition)"])
            }
        }
        return places
    }

    /// Reads the ends of partitions, has sent again what is missing there or out of its order, and notes where they end.
    ///
    /// - Parameter places: the partitions, each with what was delivered to it just now and isn't on record yet.
    /// - Returns: from which sequence on messages of a key are to be sent again, for each place.
    @discardableResult
    func reconcile(
        _ places: [Place: [Delivery]], by producer: KafkaProducer, token: Int64, _ state: RelayState
    ) async throws -> [Place: [String: Int64]] {
        var again: [Place: [String: Int64]] = [:]
        let compactedTopics = Set(topics.all.filter(\.compacted).map(\.name))
        for (topic, own) in Dictionary(grouping: places.keys, by: \.topic).sorted(by: { $0.key < $1.key }) {
            let compacted = compactedTopics.contains(topic)
            var spans = Dictionary(uniqueKeysWithValues: own.map { ($0, Self.firstSpan) })
            while !spans.isEmpty {
                for (place, log) in try await read(topic, spans, places, producer) {
                    let onRecord = try await recorded(place, in: log.start..<log.end)
                    guard
                        log.start <= log.low
                            || LogComparison(recorded: onRecord, logged: log.entries, compacted: compacted).beginsIntact
                    else {
                        spans[place, default: Self.firstSpan] *= 8
                        continue
                    }
                    spans[place] = nil
                    let comparison = LogComparison(
                        recorded: onRecord + (places[place] ?? []).map(\.entry), logged: log.entries,
                        compacted: compacted)
                    var from = comparison.repeats(newest: try await newest(topic, Set(log.entries.map(\.key))))
                    for (key, sequence) in try await beyond(place, log.end) {
                        from[key] = min(from[key] ?? .max, sequence)
                    }
                    if !from.isEmpty { try await sendAgain(place, from, token: token) }
                    again[place] = from
                    await state.note(place, end: log.end)
                }
            }
        }
        return again
    }

    private struct Log {
        let low: Int64
        let start: Int64
        var end: Int64
        var entries: [LogComparison.Entry]
    }

    /// The messages of the outbox at the ends of partitions, from so many before the last on record on.
    private func read(
        _ topic: String, _ spans: [Place: Int64], _ delivered: [Place: [Delivery]], _ producer: KafkaProducer
    ) async throws -> [Place: Log] {
        var logs: [Place: Log] = [:]
        for (place, span) in spans {
            let marks = try await producer.watermarks(topic: topic, partition: place.partition)
            let known = [try await recordedMaximum(place), delivered[place]?.map(\.entry.offset).min(), marks.high]
            let start = max((known.compactMap(\.self).min() ?? 0) - span, marks.low)
            logs[place] = Log(low: marks.low, start: start, end: marks.high, entries: [])
        }
        let starts = logs.map { ($0.key.partition, $0.value.start) }
        let reader = try await KafkaReader.open(
            settings: kafka, topic: topic, at: Dictionary(uniqueKeysWithValues: starts), logger: logger)
        do {
            for message in try await reader.readToEnd() {
                let place = Place(topic: topic, partition: message.partition)
                if let end = logs[place]?.end, end <= message.offset { logs[place]?.end = message.offset + 1 }
                if let entry = LogComparison.Entry(message) { logs[place]?.entries.append(entry) }
            }
            await reader.close()
            return logs
        } catch {
            await reader.close()
            throw error
        }
    }

    private func recordedMaximum(_ place: Place) async throws -> Int64? {
        try await pool.query(
            """
            SELECT max("offset") AS newest FROM cluster.outbox
            WHERE topic = \(place.topic) AND partition = \(place.partition) AND sent_at IS NOT NULL
            """
        ).first?.decode("newest", as: Int64?.self)
    }

    private func recorded(_ place: Place, in range: Range<Int64>) async throws -> [LogComparison.Entry] {
        try await pool.query(
            """
            SELECT headers ->> 'ce_id' AS message, key, sequence, "offset" FROM cluster.outbox
            WHERE topic = \(place.topic) AND partition = \(place.partition) AND sent_at IS NOT NULL
                AND "offset" >= \(range.lowerBound) AND "offset" < \(range.upperBound)
            """
        ).map { row in
            LogComparison.Entry(
                message: try row.decode("message", as: String.self), key: try row.decode("key", as: String.self),
                sequence: try row.decode("sequence", as: Int64.self), offset: try row.decode("offset", as: Int64.self))
        }
    }

    /// The first sequence of each key that was delivered where the log has ended.
    private func beyond(_ place: Place, _ end: Int64) async throws -> [(String, Int64)] {
        try await pool.query(
            """
            SELECT key, min(sequence) AS sequence FROM cluster.outbox
            WHERE topic = \(place.topic) AND partition = \(place.partition) AND sent_at IS NOT NULL AND "offset" >= \(end)
            GROUP BY key
            """
        ).map { (try $0.decode("key", as: String.self), try $0.decode("sequence", as: Int64.self)) }
    }

    private func newest(_ topic: String, _ keys: Set<String>) async throws -> [String: Int64] {
        let rows = try await pool.query(
            """
            SELECT k.key, o.sequence FROM unnest(\(Array(keys))) AS k (key) CROSS JOIN LATERAL (
                SELECT sequence FROM cluster.outbox WHERE topic = \(topic) AND key = k.key AND sent_at IS NOT NULL
                ORDER BY sequence DESC LIMIT 1) o
            """)
        return try Dictionary(
            uniqueKeysWithValues: rows.map {
                (try $0.decode("key", as: String.self), try $0.decode("sequence", as: Int64.self))
            })
    }

    private func sendAgain(_ place: Place, _ from: [String: Int64], token: Int64) async throws {
        let keys = from.sorted { $0.key < $1.key }
        let again = try await pool.execute(
            """
            UPDATE cluster.outbox o SET sent_at = NULL, partition = NULL, "offset" = NULL
            FROM unnest(\(keys.map(\.key)), \(keys.map(\.value))) AS k (key, sequence)
            WHERE o.topic = \(place.topic) AND o.key = k.key AND o.sequence >= k.sequence AND o.sent_at IS NOT NULL
                AND EXISTS (SELECT FROM cluster.leases WHERE name = \(Self.leaseName) AND token = \(token))
            """)
        logger.error(
            "the broker lost or misplaced acknowledged messages; they are sent again",
            metadata: [
                "kafka.topic": "\(place.topic)", "kafka.partition": "\(place.partition)", "keys": "\(keys.count)",
                "messages": "\(again)",
            ])
    }
}

extension LogComparison.Entry {
    /// A message of the outbox that was read; `nil` for one that isn't.
    fileprivate init?(_ message: KafkaMessage) {
        let headers = Dictionary(
            message.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) },
            uniquingKeysWith: { first, _ in first })
        guard headers["ce_source"] == Outbox.source, let id = headers["ce_id"],
            let sequence = headers["ce_sequence"].flatMap(Int64.init)
        else { return nil }
        self.init(
            message: id, key: String(decoding: message.key ?? [], as: UTF8.self), sequence: sequence,
            offset: message.offset)
    }
}
