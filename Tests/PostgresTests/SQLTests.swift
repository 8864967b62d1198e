import Foundation
import Testing

@testable import Postgres

@Suite("SQL literals")
struct SQLTests {
    @Test("Values become numbered parameters and never part of the text")
    func parameters() {
        let name = "O'Brien; DROP TABLE x"
        let sql: SQL = "SELECT * FROM t WHERE a = \(name) AND b = \(5) AND c = \(nil as String?)"
        #expect(sql.text == "SELECT * FROM t WHERE a = $1 AND b = $2 AND c = $3")
        #expect(sql.parameters == [.text(name), .text("5"), .null])
        #expect(!"\(sql)".contains("Brien"))
    }

    @Test("A part keeps its parameters, renumbered")
    func composition() {
        let condition: SQL = "x = \(1) OR y = \(2)"
        var sql: SQL = "SELECT \(0) WHERE (\(condition)) AND z = \(3)"
        sql.append(" LIMIT \(4)")
        #expect(sql.text == "SELECT $1 WHERE (x = $2 OR y = $3) AND z = $4 LIMIT $5")
        #expect(sql.parameters == (0...4).map { .text(String($0)) })
        #expect(sql.types.count == 5)
    }

    @Test("Raw text goes in as it is, identifiers are quoted")
    func rawAndIdentifiers() {
        let sql: SQL = "SELECT \(raw: "now()") FROM \(identifier: "a\"b")"
        #expect(sql.text == "SELECT now() FROM \"a\"\"b\"")
        #expect(sql.parameters.isEmpty)
    }

    @Test("An optional is declared as what it wraps, so that a statement is prepared once whether or not it is nil")
    func typesAreStatic() {
        func types(_ value: Int?) -> [UInt32] { ("SELECT \(value)" as SQL).types }
        #expect(types(nil) == types(5))
    }

    @Test("Instants are written in UTC to the microsecond, also before 2000 and before the year 1")
    func timestamps() {
        func text(_ seconds: Double) -> String { Timestamp.text(of: Date(timeIntervalSince1970: seconds)) }
        #expect(text(0) == "1970-01-01 00:00:00.000000+00")
        #expect(text(-0.25) == "1969-12-31 23:59:59.750000+00")
        #expect(text(951_782_400) == "2000-02-29 00:00:00.000000+00")
        #expect(text(4_102_444_799.9999999) == "2100-01-01 00:00:00.000000+00")
        #expect(text(-62_135_596_800) == "0001-01-01 00:00:00.000000+00")
        #expect(text(-62_135_596_801) == "0001-12-31 23:59:59.000000+00 BC")
    }

    @Test("COPY's text format gives back what was written")
    func copyText() throws {
        let texts = ["plain", "tab\tnewline\nreturn\r", "back\\slash", "\\N", "", "双随机"]
        var bytes: [UInt8] = []
        CopyText.append(row: texts, to: &bytes)
        CopyText.append(row: [nil, 5, true], to: &bytes)
        #expect(try CopyText.rows(bytes) == [texts, [nil, "5", "true"]])
        #expect(throws: PostgresError.self) { try CopyText.rows(Array("half a line".utf8)) }
    }
}

@Suite("Prepared statements of a connection")
struct PreparedStatementsTests {
    private func key(_ text: String) -> PreparedStatements.Key { .init(text: text, types: []) }

    @Test("A statement is prepared once; with other types it is another statement")
    func once() {
        var statements = PreparedStatements(capacity: 4)
        let first = statements.use(key("a"))
        let again = statements.use(key("a"))
        let other = statements.use(.init(text: "a", types: [20]))
        #expect(first.isNew && !again.isNew && other.isNew)
        #expect(first.name == again.name && first.name != other.name)
    }

    @Test("The least recently used makes room")
    func leastRecentlyUsed() {
        var statements = PreparedStatements(capacity: 2)
        _ = statements.use(key("a"))
        let b = statements.use(key("b"))
        _ = statements.use(key("a"))
        _ = statements.use(key("c"))
        #expect(statements.retired == [b.name])
        #expect(statements.count == 2)
        let a = statements.use(key("a"))
        #expect(!a.isNew)
        statements.wasDropped(b.name)
        #expect(statements.retired.isEmpty)
    }

    @Test("What could not be prepared is not believed to be, even if it has left the cache meanwhile")
    func failure() {
        var statements = PreparedStatements(capacity: 1)
        let a = statements.use(key("a"))
        let b = statements.use(key("b"))
        statements.wasNotPrepared(a.name)
        statements.wasNotPrepared(b.name)
        #expect(statements.retired.isEmpty)
        #expect(statements.count == 0)
    }

    @Test("A stale statement is prepared under a new name")
    func stale() {
        var statements = PreparedStatements(capacity: 2)
        let a = statements.use(key("a"))
        statements.isStale(a.name)
        let again = statements.use(key("a"))
        #expect(again.isNew && again.name != a.name)
        #expect(statements.retired == [a.name])
    }
}
