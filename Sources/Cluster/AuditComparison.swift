import Postgres

/// A comparison of the audit log with another table: its statement gives a row that does not fit, in words, or none.
struct AuditComparison: Sendable {
    let code: String
    let message: String
    let sql: SQL

    /// Every table that acts speak of, both ways, so that neither side can lose or gain a row unnoticed.
    static let all = [
        AuditComparison(
            code: "act.unlinked", message: "有行为既未入链也不在待入链之列 / an act is neither linked nor waiting to be",
            sql: """
                SELECT concat_ws(' ', a.source, a.id) AS what FROM cluster.acts a
                WHERE NOT EXISTS (SELECT FROM cluster.audit_chain c WHERE c.act = a.act)
                    AND NOT EXISTS (SELECT FROM cluster.acts_waiting w WHERE w.act = a.act) ORDER BY a.act LIMIT 1
                """),
        AuditComparison(
            code: "act.deleted", message: "待入链的行为已不在 / an act that waits to be linked is gone",
            sql: """
                SELECT w.act::text AS what FROM cluster.acts_waiting w
                WHERE NOT EXISTS (SELECT FROM cluster.acts a WHERE a.act = w.act) ORDER BY w.act LIMIT 1
                """),
        AuditComparison(
            code: "inbox.unrecorded", message: "报送没有审计记录，或与记录不符 / a submission has no act, or another one",
            sql: """
                SELECT concat_ws(' ', i.source, i.id) AS what FROM cluster.inbox i
                WHERE i.receipt IS NOT NULL AND NOT EXISTS (
                    SELECT FROM cluster.acts a
                    WHERE a.source = i.source AND a.id = i.id AND a.digest = i.digest AND a.kind = 'submission'
                        AND a.type = i.type AND a.subject IS NOT DISTINCT FROM i.subject
                        AND a.department = i.department AND a.key_id IS NOT DISTINCT FROM i.key_id
                        AND (a.outcome = 'accepted') = (i.receipt ->> 'status' = 'accepted')
                        AND a.codes = ARRAY(SELECT r ->> 'code'
                            FROM jsonb_array_elements(i.receipt -> 'reasons') WITH ORDINALITY AS e (r, n) ORDER BY n))
                ORDER BY i.received_at LIMIT 1
                """),
        AuditComparison(
            code: "inbox.missing", message: "有审计记录的报送已不在 / a submission on record is gone",
            sql: """
                SELECT concat_ws(' ', a.source, a.id) AS what FROM cluster.acts a
                WHERE a.kind IN ('submission', 'reuse') AND NOT EXISTS (
                    SELECT FROM cluster.inbox i
                    WHERE i.source = a.source AND i.id = a.id AND (i.digest = a.digest) = (a.kind = 'submission'))
                ORDER BY a.act LIMIT 1
                """),
        AuditComparison(
            code: "letter.unrecorded", message: "死信没有审计记录 / a dead letter has no act",
            sql: """
                SELECT d.id::text AS what FROM cluster.dead_letters d
                WHERE NOT EXISTS (
                    SELECT FROM cluster.acts a
                    WHERE a.kind = 'letter' AND a.source = concat_ws('/', d.topic, d.partition, d."offset")
                        AND a.digest = d.fingerprint AND a.codes = ARRAY[d.code])
                ORDER BY d.id LIMIT 1
                """),
        AuditComparison(
            code: "letter.missing", message: "有审计记录的死信已不在 / a dead letter on record is gone",
            sql: """
                SELECT a.source AS what FROM cluster.acts a
                WHERE a.kind = 'letter' AND NOT EXISTS (
                    SELECT FROM cluster.dead_letters d
                    WHERE a.source = concat_ws('/', d.topic, d.partition, d."offset") AND a.digest = d.fingerprint)
                ORDER BY a.act LIMIT 1
                """),
        AuditComparison(
            code: "letter.changed", message: "死信的内容与其指纹不符 / a dead letter is not what its fingerprint says",
            sql: """
                SELECT d.id::text AS what FROM cluster.dead_letters d
                WHERE d.fingerprint <> sha256(COALESCE(d.key, '') || COALESCE(d.body, '')) ORDER BY d.id LIMIT 1
                """),
        AuditComparison(
            code: "key.unrecorded", message: "密钥被绕过记录而改动 / a key was stored or changed off the record",
            sql: """
                SELECT k.key_id AS what FROM cluster.keys k
                WHERE cluster.key_digest(k) IS DISTINCT FROM (
                    SELECT a.digest FROM cluster.acts a WHERE a.kind = 'key' AND a.subject = k.key_id
                    ORDER BY a.act DESC LIMIT 1)
                ORDER BY k.key_id LIMIT 1
                """),
        AuditComparison(
            code: "key.missing", message: "有审计记录的密钥已不在 / a key on record is gone",
            sql: """
                SELECT a.subject AS what FROM cluster.acts a
                WHERE a.kind = 'key' AND NOT EXISTS (SELECT FROM cluster.keys k WHERE k.key_id = a.subject)
                ORDER BY a.act LIMIT 1
                """),
    ]
}
