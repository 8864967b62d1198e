import Foundation
import Testing

@testable import Postgres

private enum Color: String, PostgresEncodable, PostgresDecodable {
    case red, green
}

extension ServerTests {
    @Suite("Types")
    struct ValueTests {
        /// Sends each value through the server, declared as the SQL type, and expects it back.
        private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable & Sendable>(
            _ type: String, _ values: [T], sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let connection = try await Server.connect()
            for value in values {
                let rows = try await connection.query("SELECT \(value)::\(raw: type) AS value")
                #expect(try rows[0]("value", as: T.self) == value, "\(type)", sourceLocation: sourceLocation)
            }
        }

        @Test func text() async throws {
            let long = String(repeating: "双随机、一公开", count: 100_000)
            try await roundTrip("text", ["", "a", "固阳县市场监督管理局 🎲", "'\"\\\n\t", "{1,NULL}", long])
            try await roundTrip("varchar", ["内蒙古"])
            try await roundTrip("text", [nil, "x"] as [String?])
        }

        @Test func numbers() async throws {
            try await roundTrip("int8", [0, 1, -1, Int.max, Int.min])
            try await roundTrip("int8", [Int64.max, Int64.min])
            try await roundTrip("int4", [Int32.max, Int32.min])
            try await roundTrip("int2", [32_767, -32_768] as [Int])
            try await roundTrip(
                "float8", [0, -0.1, 1e300, .leastNonzeroMagnitude, .infinity, -.infinity, .pi] as [Double])
            try await roundTrip("bool", [true, false])
            try await roundTrip("int8", [nil, 7] as [Int?])
        }

        @Test func bytes() async throws {
            let page = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await roundTrip("bytea", [[], [0], Array(0...255), page])
            try await roundTrip("bytea[]", [[], [[], [0, 1, 255]]] as [[[UInt8]]])
        }

        @Test func timesAndIdentifiers() async throws {
            let instants = [0, 1_772_323_200.123456, -1.5, 4_102_444_800, -5_000_000_000].map(
                Date.init(timeIntervalSince1970:))
            let connection = try await Server.connect()
            for instant in instants {
                let back = try await connection.query("SELECT \(instant) AS t")[0].decode("t", as: Date.self)
                #expect(abs(back.timeIntervalSince(instant)) < 0.000_001)
            }
            let text = try await connection.query(
                "SELECT to_char(\(instants[1]) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS.US')")
            #expect(try text[0].decode(0, as: String.self) == "2026-03-01 08:00:00.123456")
            let past = try await connection.query(
                "SELECT \(Date(timeIntervalSince1970: 0)) - \(Duration.milliseconds(1500)) AS t")
            #expect(try past[0]("t", as: Date.self) == Date(timeIntervalSince1970: -1.5))
            let epochs = try await connection.query(
                "SELECT extract(epoch FROM \(Duration.milliseconds(-1500)))::float8, extract(epoch FROM \(Duration.seconds(90)))::float8"
            )[0].decode((Double.self, Double.self))
            #expect(epochs == (-1.5, 90))
            try await roundTrip("uuid", [UUID()])
            try await roundTrip("date", ["2026-03-01", "1999-12-31", "2000-02-29", "0001-01-01", "9999-12-31"])
        }

        @Test func arrays() async throws {
            try await roundTrip("text[]", [[], [""], ["a", "双\"随\\机", "NULL", "{,}"]])
            try await roundTrip("text[]", [[nil, "NULL"]] as [[String?]])
            try await roundTrip("int8[]", [[], [1, -2, .max]] as [[Int64]])
            try await roundTrip("int8[]", [[3]] as [[Int]])
            try await roundTrip("float8[]", [[0.5]] as [[Double]])
            try await roundTrip("bool[]", [[true, false]])
            try await roundTrip("timestamptz[]", [[Date(timeIntervalSince1970: 1)]])
            try await roundTrip("text[]", [nil] as [[String]?])
        }

        @Test func json() async throws {
            try await roundTrip("json", [JSONText(raw: #"{"b":1,  "a":"双"}"#)])
            try await roundTrip("jsonb", [JSONText(raw: #"{"a": "双", "b": [1, null]}"#)])
            try await roundTrip("jsonb[]", [[JSONText(raw: "1"), JSONText(raw: #""\"""#)]])
        }

        @Test("Numerics give all their digits as text, and whole ones are integers, as sum() of int8 needs")
        func numerics() async throws {
            let texts = [
                "0", "0.00", "1", "-1", "10000", "99999999", "123456789012345678901234567890.0123456789", "-0.0001",
                "0.1",
                "1000000000000", "12345.60", "NaN", "Infinity", "-Infinity", "0.00000000000000000001",
            ]
            try await roundTrip("numeric", texts)
            let connection = try await Server.connect()
            let sum = try await connection.query("SELECT sum(x) FROM unnest(\([Int64.max - 1, 1])) AS x")
            #expect(try sum[0].decode(0, as: Int.self) == Int.max)
            let half = try await connection.query("SELECT 12345.5::numeric")
            #expect(try half[0].decode(0, as: Double.self) == 12345.5)
            #expect(throws: PostgresError.self) { try half[0].decode(0, as: Int.self) }
        }

        @Test("Enums of Swift travel as their raw values, also to enums of the database")
        func enums() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TYPE pg_temp.color AS ENUM ('red', 'green')")
            let row = try await connection.query("SELECT \(Color.green)::pg_temp.color AS c, \(Color.red)::text AS t")[
                0]
            #expect(try row("c", as: Color.self) == .green)
            #expect(try row("t", as: Color.self) == .red)
            let other = try await connection.query("SELECT 'blue' AS c")[0]
            #expect(throws: PostgresError.self) { try other("c", as: Color.self) }
        }

        @Test("Numbers, dates and arrays have a type wherever they stand, text takes that of its place")
        func declaredTypes() async throws {
            let connection = try await Server.connect()
            let row = try await connection.query(
                """
                SELECT \(5) + \(6) AS sum, (SELECT array_agg(x ORDER BY x) FROM unnest(\([3, 1])) x) AS list,
                       DATE '2026-03-01' = \("2026-03-01") AS day, jsonb_build_object('n', \(1)) AS object
                """)[0]
            #expect(try row("sum", as: Int.self) == 11)
            #expect(try row("list", as: [Int].self) == [1, 3])
            #expect(try row("day", as: Bool.self))
            #expect(try row("object", as: JSONText.self).raw == #"{"n": 1}"#)
        }

        @Test("Text with a NUL is refused before it is sent, and the connection goes on")
        func nulCharacters() async throws {
            let connection = try await Server.connect()
            for sql: SQL in ["SELECT \("a\0b")", "SELECT \(["a\0b"])", "SELECT \0 1"] {
                let error = try await postgresError { try await connection.query(sql) }
                #expect(error.code == .encoding)
            }
            let error = try await postgresError { try await connection.script("SELECT 1; \0 SELECT 2") }
            #expect(error.code == .encoding)
            #expect(try await connection.query("SELECT 1").count == 1)
        }

        @Test("A value that isn't of the type asked for names its column")
        func mismatches() async throws {
            let connection = try await Server.connect()
            let row = try await connection.query(
                "SELECT 'x' AS t, 70000 AS n, NULL::int AS missing, '{{1},{2}}'::int[] AS deep, now()::timestamp AS local, 'infinity'::timestamptz AS never, point(1,2) AS p"
            )[0]
            func message<T: PostgresDecodable>(_ column: String, _ type: T.Type) -> String? {
                do {
                    _ = try row.decode(column, as: type)
                    return nil
                } catch {
                    return (error as? PostgresError)?.message
                }
            }
            #expect(message("t", Int.self) == "column t: type text can't be read as Int")
            #expect(message("n", UInt8.self)?.contains("too large") == true)
            #expect(message("missing", Int.self) == "column missing: NULL where Int is wanted")
            #expect(message("missing", Int?.self) == nil)
            #expect(message("deep", [Int].self)?.contains("one-dimensional") == true)
            #expect(message("local", Date.self) != nil)
            #expect(message("never", Date.self)?.contains("infinity") == true)
            #expect(message("p", String.self) != nil)
            #expect(message("absent", Int.self) == "no column absent in the result")
            #expect(throws: PostgresError.self) { try row.decode(7, as: Int.self) }
        }

        @Test("Rows outlive their connection and can be read by any task")
        func rowsOutliveConnection() async throws {
            let connection = try await Server.connect()
            let rows = try await connection.query("SELECT n, n::text AS t FROM generate_series(1, 1000) n")
            await connection.close()
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for row in rows { group.addTask { try row("n", as: Int.self) } }
                return try await group.reduce(0, +)
            }
            #expect(sum == 500_500)
            #expect(rows[9].columns == ["n", "t"])
        }
    }
}
