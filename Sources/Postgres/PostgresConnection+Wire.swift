import CLibpq

/// One thing sent in a pipeline, to which one answer comes.
private enum Step {
    /// A name given back.
    case drop(String)
    case prepare(name: String, statement: Int)
    case execute(name: String, statement: Int)
    case sync
}

extension PostgresConnection {
    // MARK: Extended protocol

    /// Sends all statements, prepared if need be, and reads all answers. The connection is between calls before and
    /// after, also when it throws, or it has ended.
    func perform(_ statements: [SQL]) async throws -> [PostgresResult] {
        for statement in statements { try check(statement) }
        let raw = try raw
        if PQpipelineStatus(raw) == PQ_PIPELINE_OFF, PQenterPipelineMode(raw) != 1 { throw lost(raw) }
        let steps: [Step]
        do {
            steps = try send(statements, raw)
        } catch {
            // Something may be under way that nobody will read the answer to.
            end(error as? PostgresError ?? PostgresError(.connection, "\(error)"))
            throw error
        }
        try await flush()
        return try await answers(to: steps, isOnly: statements.count == 1)
    }

    private func send(_ statements: [SQL], _ raw: OpaquePointer) throws -> [Step] {
        func check(_ sent: Int32) throws {
            guard sent == 1 else { throw lost(raw) }
        }
        var steps: [Step] = []
        // A failed transaction refuses everything, so names wait until after it. The sync keeps this apart from
        // statements that must be alone.
        if !self.statements.retired.isEmpty, PQtransactionStatus(raw) != PQTRANS_INERROR {
            for name in self.statements.retired {
                try check(PQsendQueryParams(raw, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1))
                steps.append(.drop(name))
            }
            try check(PQpipelineSync(raw))
            steps.append(.sync)
        }
        for (index, statement) in statements.enumerated() {
            let text = statement.text
            let (name, isNew) = self.statements.use(.init(text: text, types: statement.types))
            if isNew {
                try check(PQsendPrepare(raw, name, text, Int32(statement.types.count), statement.types))
                steps.append(.prepare(name: name, statement: index))
            }
            try check(
                statement.parameters.withCArrays { count, values, lengths, formats in
                    PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
                })
            steps.append(.execute(name: name, statement: index))
        }
        try check(PQpipelineSync(raw))
        steps.append(.sync)
        return steps
    }

    private func answers(to steps: [Step], isOnly: Bool) async throws -> [PostgresResult] {
        var results: [PostgresResult] = []
        var failure: PostgresError?
        for step in steps {
            guard let result = try await nextResult() else {
                throw broken("an answer is missing")
            }
            let status = PQresultStatus(result.raw)
            switch (step, status) {
            case (.sync, PGRES_PIPELINE_SYNC):
                // The one answer that no "that was all" follows.
                continue
            case (.drop(let name), PGRES_COMMAND_OK):
                statements.wasDropped(name)
            case (.prepare, PGRES_COMMAND_OK):
                break
            case (.execute, PGRES_COMMAND_OK), (.execute, PGRES_TUPLES_OK), (.execute, PGRES_EMPTY_QUERY):
                results.append(PostgresResult(handle: result))
            case (.drop(let name), PGRES_FATAL_ERROR):
                // Somebody else has dropped it: no failure of the statements asked for.
                _ = try error(of: result)
                statements.wasDropped(name)
            case (.drop, PGRES_PIPELINE_ABORTED):
                break
            case (.prepare(let name, let index), PGRES_FATAL_ERROR):
                failure = try error(of: result, at: isOnly ? nil : index)
                statements.wasNotPrepared(name)
            case (.prepare(let name, _), PGRES_PIPELINE_ABORTED):
                statements.wasNotPrepared(name)
            case (.execute(let name, let index), PGRES_FATAL_ERROR):
                let error = try error(of: result, at: isOnly ? nil : index)
                if error.code == .staleStatement { statements.isStale(name) }
                failure = error
            case (.execute, PGRES_PIPELINE_ABORTED):
                break
            case (.sync, PGRES_FATAL_ERROR):
                // Outside a transaction the server commits here, and that may fail: a deferred constraint, say.
                failure = try failure ?? error(of: result)
                guard try await nextResult() == nil,
                    let sync = try await nextResult(), PQresultStatus(sync.raw) == PGRES_PIPELINE_SYNC
                else { throw broken("no end of the pipeline behind an error") }
                continue
            default:
                throw broken("unexpected answer \(PQresStatus(status).map { String(cString: $0) } ?? "")")
            }
            guard try await nextResult() == nil else { throw broken("an answer too many") }
        }
        if let failure { throw failure }
        return results
    }

    /// The error of an answer; throws it if the server has thereby ended the session.
    private func error(of result: ResultHandle, at statement: Int? = nil) throws -> PostgresError {
        var error = PostgresError(failed: result.raw)
        error.statement = statement
        if error.code == .connection {
            end(error)
            throw error
        }
        return error
    }

    /// Refuses what libpq would cut off, or what would leave the pipeline hanging.
    private func check(_ sql: SQL) throws {
        guard sql.parameters.count <= 65_535 else {
            throw PostgresError(.encoding, "\(sql.parameters.count) parameters, 65535 are allowed: send arrays")
        }
        for (index, parameter) in sql.parameters.enumerated() {
            switch parameter {
            case .null: continue
            case .text(let text):
                guard !text.utf8.contains(0) else {
                    throw PostgresError(
                        .encoding, "parameter $\(index + 1) has a NUL character, which PostgreSQL's text can't hold")
                }
            case .binary(let bytes):
                guard bytes.count < 1 << 30 else {
                    throw PostgresError(
                        .encoding, "parameter $\(index + 1) has \(bytes.count) bytes, 1 GiB is too much")
                }
            }
        }
        for piece in sql.pieces where piece.utf8.contains(0) {
            throw PostgresError(.encoding, "the statement has a NUL character")
        }
        let word = sql.pieces[0].drop(while: \.isWhitespace).prefix(5).lowercased()
        if word.hasPrefix("copy"), word.count == 4 || word.last?.isWhitespace == true || word.last == "(" {
            throw PostgresError(.misuse, "COPY is no ordinary statement: use copyIn or copyOut")
        }
    }

    // MARK: Simple protocol

    /// Runs text without parameters. The first error ends the text.
    func performScript(_ text: String) async throws {
        guard !text.utf8.contains(0) else { throw PostgresError(.encoding, "the script has a NUL character") }
        try await sendSimple(text)
        while let result = try await nextResult() {
            switch PQresultStatus(result.raw) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: continue
            case PGRES_FATAL_ERROR: throw try await drained(after: result)
            case PGRES_COPY_IN, PGRES_COPY_OUT: throw broken("COPY in a script: use copyIn or copyOut")
            default: throw broken("unexpected answer to a script")
            }
        }
    }

    func sendSimple(_ text: String) async throws {
        let raw = try raw
        if PQpipelineStatus(raw) != PQ_PIPELINE_OFF, PQexitPipelineMode(raw) != 1 {
            throw broken("the pipeline isn't empty")
        }
        guard PQsendQuery(raw, text) == 1 else { throw lost(raw) }
        try await flush()
    }

    /// The error of a result of the simple protocol, with all that comes behind it read.
    func drained(after result: ResultHandle) async throws -> PostgresError {
        let error = PostgresError(failed: result.raw)
        if error.code == .connection {
            end(error)
            return error
        }
        while try await nextResult() != nil {}
        return error
    }

    // MARK: The socket

    /// Sends all that libpq has in its buffer. It also reads: a server that can't get rid of its answers stops
    /// reading, and both sides would wait for ever.
    func flush() async throws {
        while true {
            let raw = try raw
            switch PQflush(raw) {
            case 0: return
            case 1:
                if try await ready(for: [.read, .write]).contains(.read), PQconsumeInput(try self.raw) != 1 {
                    throw lost(try self.raw)
                }
            default: throw lost(raw)
            }
        }
    }

    /// The next result, or nil when the server has answered all.
    func nextResult() async throws -> ResultHandle? {
        while PQisBusy(try raw) != 0 {
            _ = try await ready(for: .read)
            let raw = try raw
            guard PQconsumeInput(raw) == 1 else { throw lost(raw) }
        }
        return PQgetResult(try raw).map { ResultHandle($0) }
    }

    /// Waits for the socket. Throws when the connection is ended meanwhile; cancelling the task doesn't end the wait,
    /// since the server's answer must be read all the same.
    func ready(for interest: EventLoop.Interest) async throws -> EventLoop.Interest {
        try await ready(for: interest, token: loop.makeToken())
    }

    /// Waits for something to read. Cancelling the task ends the wait: only for when no answer is due.
    func readyUnlessCancelled() async throws {
        let token = loop.makeToken()
        let loop = loop
        defer { loop.forget(token) }
        try await withTaskCancellationHandler {
            _ = try await ready(for: .read, token: token)
        } onCancel: {
            loop.interruptNowOrLater(token)
        }
    }

    private func ready(for interest: EventLoop.Interest, token: EventLoop.Token) async throws -> EventLoop.Interest {
        waiting = token
        let wake = await loop.wait(for: interest, on: socket, token: token)
        waiting = nil
        // Whoever ended the connection meanwhile said why.
        _ = try raw
        switch wake {
        case .ready(let ready): return ready
        case .interrupted, .timedOut: throw CancellationError()
        case .failed(let errno): throw broken("epoll_ctl: error \(errno)")
        }
    }

    /// Ends the connection with libpq's reason.
    func lost(_ raw: OpaquePointer) -> PostgresError {
        let error = PostgresError(.connection, PostgresError.oneLine(PQerrorMessage(raw)))
        end(error)
        return error
    }

    /// Ends a connection that is in a state from which nobody can go on.
    func broken(_ reason: String) -> PostgresError {
        let error = PostgresError(.protocol, reason)
        end(error)
        return error
    }
}

extension [PostgresParameter] {
    /// Lends the parameters as libpq wants them: texts end in NUL, bytes have a length.
    fileprivate func withCArrays<R>(
        _ body: (Int32, [UnsafePointer<CChar>?], [Int32], [Int32]) -> R
    ) -> R {
        guard !isEmpty else { return body(0, [], [], []) }
        var bytes: [UInt8] = []
        var starts: [Int?] = []
        var lengths: [Int32] = []
        var formats: [Int32] = []
        for parameter in self {
            switch parameter {
            case .null:
                starts.append(nil)
                lengths.append(0)
                formats.append(0)
            case .text(let text):
                starts.append(bytes.count)
                bytes += text.utf8
                bytes.append(0)
                lengths.append(0)
                formats.append(0)
            case .binary(let value):
                starts.append(bytes.count)
                bytes += value
                // So that an empty value at the end still points into the buffer.
                bytes.append(0)
                lengths.append(Int32(clamping: value.count))
                formats.append(1)
            }
        }
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return body(
                Int32(count), starts.map { start in start.flatMap { base?.advanced(by: $0) } }, lengths, formats)
        }
    }
}
