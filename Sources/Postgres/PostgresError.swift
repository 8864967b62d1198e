import CLibpq

/// What went wrong between us and PostgreSQL. Never holds bound values, so that it can be logged.
public struct PostgresError: Error, Sendable, Hashable {
    /// The kind of error: an open list, so that new kinds break no `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name shown to people.
        public let description: String

        /// The server refused a statement; ``PostgresError/sqlState`` says why.
        public static let server = Code(description: "server")
        /// The server couldn't be reached, or the connection to it broke.
        public static let connection = Code(description: "connection")
        /// Nothing came in the time allowed.
        public static let timeout = Code(description: "timeout")
        /// The connection, transaction or pool had been closed before the call.
        public static let closed = Code(description: "closed")
        /// The server said something that doesn't belong there.
        public static let `protocol` = Code(description: "protocol")
        /// A value of a row isn't of the type asked for.
        public static let decoding = Code(description: "decoding")
        /// A value can't be sent: for example text with a NUL character.
        public static let encoding = Code(description: "encoding")
        /// The call can't be made here: for example `COPY` as an ordinary statement.
        public static let misuse = Code(description: "misuse")
        /// The connection broke while `COMMIT` was under way: whether it took effect can only be found by looking.
        public static let commitUnknown = Code(description: "commit unknown")
        /// `COMMIT` was answered with a rollback, since a statement of the transaction had failed unnoticed.
        public static let rolledBack = Code(description: "rolled back")
        /// A prepared statement no longer fits its tables (they were altered); it is prepared anew when run again.
        public static let staleStatement = Code(description: "stale statement")
    }

    /// The kind of error.
    public var code: Code
    /// The server's five-character code (PostgreSQL documentation, appendix A), if the server reported the error.
    public var sqlState: String?
    /// One line for people. The server's quotations of values in data exceptions (class 22) are left out.
    public var message: String
    /// The schema of the table or constraint concerned, if the server named one.
    public var schema: String?
    /// The table concerned, if the server named one.
    public var table: String?
    /// The column concerned, if the server named one.
    public var column: String?
    /// The constraint that was violated, if any.
    public var constraint: String?
    /// Where in the SQL text the error lies, in characters from 1, if the server said so.
    public var position: Int?
    /// Which statement of a pipeline failed, from 0.
    public var statement: Int?

    /// Makes an error that the server didn't report.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same work may succeed when it is done again, from the start of its transaction.
    ///
    /// A ``Code/commitUnknown`` is not: whoever repeats it must first look whether it took effect. The same goes for a
    /// statement outside a transaction during which the connection broke: repeat it only if doing so is harmless.
    public var isRetriable: Bool {
        switch code {
        case .connection, .timeout, .staleStatement: return true
        case .server:
            guard let sqlState else { return false }
            // Serialization failure, deadlock, lock not available, too many connections.
            return ["40001", "40P01", "55P03", "53300"].contains(sqlState) || isConnectionLost
        default: return false
        }
    }

    /// Whether the connection is gone: nothing more can be done on it.
    public var isConnectionLost: Bool {
        if code == .connection || code == .commitUnknown { return true }
        guard let sqlState else { return false }
        return sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05"].contains(sqlState)
    }
}

extension PostgresError: CustomStringConvertible {
    /// One line: kind, SQLSTATE, message, constraint or place.
    public var description: String {
        var text = "PostgreSQL, \(code)"
        if let sqlState { text += " \(sqlState)" }
        text += ": \(message)"
        if let constraint { text += " (constraint \(constraint))" }
        if let position { text += " (at character \(position))" }
        if let statement { text += " (statement \(statement + 1) of the pipeline)" }
        return text
    }
}

extension PostgresError {
    /// Reads a failed result. `FATAL` and `PANIC` mean that the server has ended the session.
    init(failed result: OpaquePointer) {
        func field(_ field: ErrorField) -> String? { field.value(in: result) }
        let state = field(.sqlState)
        let severity = field(.severity) ?? ""
        let primary = field(.message) ?? PostgresError.oneLine(PQresultErrorMessage(result))

        var code = Code.server
        if severity == "FATAL" || severity == "PANIC" || state == nil { code = .connection }
        // Raised where a cached plan is checked against tables that were altered since, or for a name that was dropped.
        if state == "26000" || (state == "0A000" && field(.function) == "RevalidateCachedQuery") {
            code = .staleStatement
        }
        self.init(code, state?.hasPrefix("22") == true ? PostgresError.withoutQuotation(primary) : primary)
        sqlState = state
        schema = field(.schema)
        table = field(.table)
        column = field(.column)
        constraint = field(.constraint)
        position = field(.position).flatMap { Int($0) }
    }

    /// Data exceptions quote the value that was refused (`invalid input syntax for type date: "…"`); drops what lies
    /// between the first quotation mark and the last, of whichever style the server's language has.
    static func withoutQuotation(_ message: String) -> String {
        let marks = Set<Character>("\"“”„«»「」'‘’")
        guard let first = message.firstIndex(where: marks.contains),
            let last = message.lastIndex(where: marks.contains), first < last
        else { return message }
        return message[...first] + "…" + message[last...]
    }

    /// libpq's own messages end in newlines and may have several lines.
    static func oneLine(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "no reason given" }
        let lines = String(cString: message).split(whereSeparator: \.isNewline)
        return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
    }
}

/// The parts of an error or notice, by their letters in the protocol (PostgreSQL documentation, 55.8). libpq's names
/// for them are macros that Swift doesn't see.
enum ErrorField: String {
    /// ERROR, FATAL, NOTICE, …, in English whatever the server's language.
    case severity = "V"
    case sqlState = "C"
    case message = "M"
    case position = "P"
    case schema = "s"
    case table = "t"
    case column = "c"
    case constraint = "n"
    /// The function of the server's source that raised it.
    case function = "R"

    func value(in result: OpaquePointer) -> String? {
        PQresultErrorField(result, rawValue.utf8.first.map { Int32($0) } ?? 0).map { String(cString: $0) }
    }
}
