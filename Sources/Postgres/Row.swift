import CLibpq

/// Owns a libpq result and frees it.
///
/// `@unchecked Sendable` is sound: libpq never changes a result once it has handed it out ("objects are normally
/// read-only after creation, and so can be passed around freely between threads", documentation 34.20), `raw` is a
/// constant, it is freed once, in `deinit`, and all other state is constant.
final class ResultHandle: @unchecked Sendable {
    let raw: OpaquePointer
    /// Column numbers by name; of columns with the same name, the first.
    let columns: [String: Int32]

    init(_ raw: OpaquePointer) {
        self.raw = raw
        var columns: [String: Int32] = [:]
        for index in 0..<PQnfields(raw) {
            guard let name = PQfname(raw, index) else { continue }
            let key = String(cString: name)
            if columns[key] == nil { columns[key] = index }
        }
        self.columns = columns
    }

    deinit {
        PQclear(raw)
    }

    func value(row: Int32, column: Int32) -> PostgresValue {
        let isNull = PQgetisnull(raw, row, column) == 1
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(raw, row, column), count: Int(PQgetlength(raw, row, column)))
        return PostgresValue(type: PQftype(raw, column), isNull: isNull, owner: self, bytes: bytes)
    }
}

/// What a statement gave.
public struct PostgresResult: Sendable {
    let handle: ResultHandle

    /// The rows, if the statement returns any.
    public var rows: [Row] {
        (0..<PQntuples(handle.raw)).map { Row(handle: handle, number: $0) }
    }

    /// How many rows the statement inserted, updated, deleted, copied or returned; 0 for statements that do none of it.
    public var affected: Int {
        PQcmdTuples(handle.raw).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// The server's command tag: `INSERT 0 1`.
    public var tag: String {
        PQcmdStatus(handle.raw).map { String(cString: $0) } ?? ""
    }
}

/// One row of a result. It keeps the whole result's memory: decode rows that are kept for long.
public struct Row: Sendable {
    let handle: ResultHandle
    let number: Int32

    /// The names of the columns, in order.
    public var columns: [String] {
        (0..<PQnfields(handle.raw)).map { PQfname(handle.raw, $0).map { String(cString: $0) } ?? "" }
    }

    /// Reads the column with that name; throws a ``PostgresError`` with code `decoding` that names the column.
    public func decode<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws -> T {
        guard let index = handle.columns[column] else {
            throw PostgresError(.decoding, "no column \(column) in the result")
        }
        return try decode(Int(index), as: type)
    }

    /// Reads the column at that position, from 0.
    public func decode<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws -> T {
        guard let index = Int32(exactly: column), (0..<PQnfields(handle.raw)).contains(index) else {
            throw PostgresError(.decoding, "no column at position \(column) in the result")
        }
        do {
            return try T(postgres: handle.value(row: number, column: index))
        } catch var error as PostgresError {
            let name = PQfname(handle.raw, index).map { String(cString: $0) } ?? ""
            error.message = "column \(name): \(error.message)"
            throw error
        }
    }

    /// Reads the column with that name: `try row("name")`.
    public func callAsFunction<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws -> T {
        try decode(column, as: type)
    }

    /// Reads the first columns, one for each type: `let (id, name) = try row.decode((Int.self, String.self))`.
    public func decode<each T: PostgresDecodable>(_ types: (repeat (each T).Type)) throws -> (repeat each T) {
        var column = -1
        func next<U: PostgresDecodable>(_ type: U.Type) throws -> U {
            column += 1
            return try decode(column, as: type)
        }
        return (repeat try next(each types))
    }
}
