import Foundation
import Postgres

/// Measures the `Postgres` target against the server of `YAOHAO_POSTGRES`:
/// `swift run -c release bench-postgres`. Each figure is the best of three runs.
@main
struct BenchPostgres {
    static func main() async throws {
        guard let conninfo = ProcessInfo.processInfo.environment["YAOHAO_POSTGRES"] else {
            FileHandle.standardError.write(Data("YAOHAO_POSTGRES is not set: scripts/stack env prints it\n".utf8))
            exit(2)
        }
        let connection = try await PostgresConnection.connect(conninfo)

        try await measure("single statements", unit: "statements", count: 20_000) {
            for number in 0..<20_000 { _ = try await connection.query("SELECT \(number)") }
        }
        let pool = PostgresPool(conninfo: conninfo, maximum: 4)
        try await measure("single statements, 16 tasks on a pool of 4", unit: "statements", count: 20_000) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for number in 0..<20_000 / 16 { _ = try await pool.query("SELECT \(number + task)") }
                    }
                }
                try await group.waitForAll()
            }
        }
        try await measure("transactions of one statement", unit: "transactions", count: 5000) {
            for number in 0..<5000 {
                try await connection.transaction { _ = try await $0.query("SELECT \(number)") }
            }
        }
        try await measure("pipelines of 1,000", unit: "statements", count: 100_000) {
            for _ in 0..<100 { _ = try await connection.pipeline((0..<1000).map { "SELECT \($0)" }) }
        }
        try await measure("rows read, three columns", unit: "rows", count: 500_000) {
            let rows = try await connection.query(
                "SELECT n, n::text, clock_timestamp() FROM generate_series(1, 500000) n")
            for row in rows { _ = try row.decode((Int.self, String.self, Date.self)) }
        }
        let page = [UInt8](repeating: 7, count: 400_000)
        try await measure("pages of 400 kB there and back", unit: "MB", count: 2 * 200 * 400_000 / 1_000_000) {
            for _ in 0..<200 { _ = try await connection.query("SELECT \(page)")[0].decode(0, as: [UInt8].self) }
        }

        try await connection.script("CREATE TEMP TABLE t (n int8, name text)")
        try await measure("COPY in, narrow rows", unit: "rows", count: 2_000_000) {
            try await connection.copyIn("COPY t (n) FROM STDIN") { writer in
                for number in 0..<2_000_000 { try await writer.write(row: [number]) }
            }
            try await connection.script("TRUNCATE t")
        }
        try await measure("COPY in, bytes ready-made", unit: "rows", count: 2_000_000) {
            let chunk = Array((0..<10_000).map { "\($0)\n" }.joined().utf8)
            try await connection.copyIn("COPY t (n) FROM STDIN") { writer in
                for _ in 0..<200 { try await writer.write(chunk) }
            }
            try await connection.script("TRUNCATE t")
        }
        try await measure("COPY out, narrow rows", unit: "rows", count: 2_000_000) {
            try await connection.copyOut("COPY (SELECT generate_series(1, 2000000)) TO STDOUT") { _ in }
        }
        try await measure("unnest of arrays, two columns", unit: "rows", count: 200_000) {
            let numbers = Array(0..<200_000)
            try await connection.execute("INSERT INTO t SELECT * FROM unnest(\(numbers), \(numbers.map { "第\($0)户" }))")
            try await connection.script("TRUNCATE t")
        }
        await pool.close()
        await connection.close()
    }

    private static func measure(
        _ name: String, unit: String, count: Int, _ body: @Sendable () async throws -> Void
    ) async throws {
        var best = Duration.seconds(1_000_000)
        for _ in 0..<3 { best = try await min(best, ContinuousClock().measure { try await body() }) }
        let rate = Double(count) / (best / .seconds(1))
        print("\(name): \(Int(rate)) \(unit)/s")
    }
}
