import CLibpq
import Synchronization

/// Takes the rows of a `COPY … FROM STDIN`. Data leaves in pieces of 64 KiB, at the pace at which the server takes it.
public struct CopyWriter {
    private static let chunk = 65_536

    private let connection: PostgresConnection
    private var buffer: [UInt8] = []

    init(connection: PostgresConnection) {
        self.connection = connection
    }

    /// Writes bytes in whatever format the statement names, cut anywhere. None is copied but what does not fill a piece.
    public nonisolated(nonsending) mutating func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        if buffer.count + rest.count >= Self.chunk { try await flush() }
        while rest.count >= Self.chunk {
            try Task.checkCancellation()
            try await connection.putCopy(rest.prefix(Self.chunk))
            rest = rest.dropFirst(Self.chunk)
        }
        buffer += rest
    }

    /// Writes one row in `COPY`'s text format, which is the default format.
    public nonisolated(nonsending) mutating func write(row: [(any PostgresEncodable)?]) async throws {
        CopyText.append(row: row, to: &buffer)
        if buffer.count >= Self.chunk { try await flush() }
    }

    nonisolated(nonsending) mutating func flush() async throws {
        try Task.checkCancellation()
        guard !buffer.isEmpty else { return }
        try await connection.putCopy(buffer[...])
        buffer.removeAll(keepingCapacity: true)
    }
}

extension PostgresConnection {
    /// Runs `COPY … FROM STDIN`, whose rows `body` writes, and gives the number of rows.
    ///
    /// When `body` throws, no row is taken and its error is passed on. The server reports a bad row only when all have
    /// been sent. No other call gets through until this one is done.
    @discardableResult
    public nonisolated(nonsending) func copyIn(
        _ statement: String, _ body: nonisolated(nonsending) (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await copyIn(statement, scope: .session, body)
    }

    /// Runs `COPY … TO STDOUT` and gives the number of rows. `body` gets the rows in pieces of about 64 KiB that end
    /// where a row ends; ``CopyText/rows(_:)`` reads them if the format is text.
    ///
    /// When `body` throws, the server is told to stop, the rest is dropped, and the error is passed on. No other call
    /// gets through until this one is done.
    @discardableResult
    public nonisolated(nonsending) func copyOut(
        _ statement: String, _ body: nonisolated(nonsending) ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await copyOut(statement, scope: .session, body)
    }

    nonisolated(nonsending) func copyIn(
        _ statement: String, scope: Scope, _ body: nonisolated(nonsending) (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await beginCopy(statement, scope: scope, expecting: PGRES_COPY_IN)
        do {
            var writer = CopyWriter(connection: self)
            try await Self.$copiesHeld.withValue(heldInCopy) { try await body(&writer) }
            try await writer.flush()
        } catch {
            await abandonCopyIn(scope)
            throw error
        }
        return try await endCopy(scope) { try await self.endCopyIn() }
    }

    nonisolated(nonsending) func copyOut(
        _ statement: String, scope: Scope, _ body: nonisolated(nonsending) ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await beginCopy(statement, scope: scope, expecting: PGRES_COPY_OUT)
        var isComplete = false
        do {
            while !isComplete {
                let chunk = try await getCopy()
                isComplete = chunk.isLast
                try Task.checkCancellation()
                if chunk.bytes.isEmpty { continue }
                try await Self.$copiesHeld.withValue(heldInCopy) { try await body(chunk.bytes) }
            }
        } catch {
            await abandonCopyOut(scope, isComplete: isComplete)
            throw error
        }
        return try await endCopy(scope) { try await self.finishCopy() }
    }

    private nonisolated var heldInCopy: Set<ObjectIdentifier> { Self.copiesHeld.union([ObjectIdentifier(self)]) }

    // MARK: Steps. The turns are taken by beginCopy and given back by endCopy or an abandon….

    private func beginCopy(_ statement: String, scope: Scope, expecting status: ExecStatusType) async throws {
        guard !statement.utf8.contains(0) else { throw PostgresError(.encoding, "the statement has a NUL character") }
        try await takeSession(scope)
        do {
            try await wire.take()
        } catch {
            if case .session = scope { session.give() }
            throw error
        }
        do {
            if case .transaction(let number) = scope { try check(transaction: number) }
            isIdle.store(false, ordering: .releasing)
            try await cancellable {
                try await self.sendSimple(statement)
                guard let result = try await self.nextResult() else { throw self.broken("no answer to COPY") }
                switch PQresultStatus(result.raw) {
                case status: return
                case PGRES_FATAL_ERROR: throw try await self.drained(after: result)
                case PGRES_COPY_IN, PGRES_COPY_OUT: throw self.broken("COPY in the other direction")
                default:
                    while try await self.nextResult() != nil {}
                    throw PostgresError(.misuse, "the statement is no COPY from or to the client")
                }
            }
        } catch {
            leaveCopy(scope)
            throw error
        }
    }

    private func leaveCopy(_ scope: Scope) {
        settle()
        wire.give()
        if case .session = scope { session.give() }
    }

    private func endCopy(_ scope: Scope, _ body: @Sendable () async throws -> Int) async throws -> Int {
        defer { leaveCopy(scope) }
        return try await cancellable(body)
    }

    /// Queues bytes and waits until libpq has handed them to the system.
    func putCopy(_ bytes: ArraySlice<UInt8>) async throws {
        let raw = try raw
        let queued = bytes.withUnsafeBytes { buffer in
            PQputCopyData(raw, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count))
        }
        guard queued == 1 else { throw lost(raw) }
        try await flush()
    }

    private func endCopyIn() async throws -> Int {
        let raw = try raw
        guard PQputCopyEnd(raw, nil) == 1 else { throw lost(raw) }
        try await flush()
        return try await finishCopy()
    }

    /// The next rows, some 64 KiB of them unless they are the last.
    private func getCopy() async throws -> (bytes: [UInt8], isLast: Bool) {
        var chunk: [UInt8] = []
        while chunk.count < 65_536 {
            let raw = try raw
            var row: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(raw, &row, 1)
            if length > 0, let row {
                chunk += UnsafeRawBufferPointer(start: row, count: Int(length))
                PQfreemem(row)
            } else if length == 0 {
                if chunk.count >= 32_768 { break }
                _ = try await ready(for: .read)
                guard PQconsumeInput(try self.raw) == 1 else { throw lost(try self.raw) }
            } else if length == -1 {
                return (chunk, true)
            } else {
                throw lost(raw)
            }
        }
        return (chunk, false)
    }

    /// Reads the answer behind the data.
    private func finishCopy() async throws -> Int {
        guard let result = try await nextResult() else { throw broken("no answer behind the data of COPY") }
        guard PQresultStatus(result.raw) == PGRES_COMMAND_OK else { throw try await drained(after: result) }
        while try await nextResult() != nil {}
        return PostgresResult(handle: result).affected
    }

    /// Makes the server refuse the rows sent so far.
    private func abandonCopyIn(_ scope: Scope) async {
        defer { leaveCopy(scope) }
        do {
            let raw = try raw
            guard PQputCopyEnd(raw, "given up by the client") == 1 else { throw lost(raw) }
            try await flush()
            while try await nextResult() != nil {}
        } catch {
            end(error as? PostgresError ?? PostgresError(.connection, "\(error)"))
        }
    }

    /// Makes the server stop, and drops what it had sent by then.
    private func abandonCopyOut(_ scope: Scope, isComplete: Bool) async {
        defer { leaveCopy(scope) }
        do {
            if !isComplete {
                running = CancellableCall(number: makeNumber())
                requestCancel(of: running.number)
                while try await !getCopy().isLast {}
            }
            while try await nextResult() != nil {}
            await endCancellable()
        } catch {
            end(error as? PostgresError ?? PostgresError(.connection, "\(error)"))
        }
    }
}
