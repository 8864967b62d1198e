import Cluster
import Foundation

/// A mail (邮件) as the system's `sendmail` interface takes it.
///
/// Source: RFC 5322 (form), RFC 2047 (headers beyond ASCII), RFC 2045 (base64).
struct Mail: Sendable, Hashable {
    let from: String
    let to: [String]
    let subject: String
    let text: String
    /// Left of the `@` of its Message-ID: the same for every try, so that a repeat is seen as one.
    let id: String
    let date: Date

    /// The whole message, with lines ended by LF as sendmail wants them.
    var message: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "Asia/Shanghai")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
        let domain = from.split(separator: "@").last ?? "localhost"
        let body = Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        return """
            From: \(from)
            To: \(to.joined(separator: ", "))
            Subject: \(Self.encoded(subject))
            Date: \(formatter.string(from: date))
            Message-ID: <\(id)@\(domain)>
            MIME-Version: 1.0
            Auto-Submitted: auto-generated
            Content-Type: text/plain; charset=UTF-8
            Content-Transfer-Encoding: base64

            \(body)

            """
    }

    /// A header's text in encoded words of at most 75 characters, none of which splits a character.
    static func encoded(_ text: String) -> String {
        var words: [String] = []
        var word: [UInt8] = []
        for character in text {
            if word.count + character.utf8.count > 42 {
                words.append(Data(word).base64EncodedString())
                word = []
            }
            word += Array(character.utf8)
        }
        words.append(Data(word).base64EncodedString())
        return words.map { "=?UTF-8?B?\($0)?=" }.joined(separator: "\n ")
    }

    /// Hands it to `sendmail -i -f FROM -- TO…`.
    ///
    /// - Returns: the exit status: 0 when it was taken, 75 (EX_TEMPFAIL) and others when not.
    func send(by program: String) async throws -> (status: Int, complaint: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-i", "-f", from, "--"] + to
        // From a file, not by a pipe: a program that ends without reading must not end us by SIGPIPE.
        let folder = FileManager.default.temporaryDirectory
        let file = folder.appending(path: "yaohao-mail-" + UUID().uuidString)
        try PrivateFile.create(file.path, Array(message.utf8))
        defer { try? FileManager.default.removeItem(at: file) }
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardError = output
        process.standardOutput = output
        let statuses = AsyncStream<Int32> { continuation in
            process.terminationHandler = { process in
                continuation.yield(process.terminationStatus)
                continuation.finish()
            }
        }
        try process.run()
        let reading = Task.detached { (try? output.fileHandleForReading.readToEnd()) ?? Data() }
        let watch = Task {
            try await Task.sleep(for: .seconds(60))
            // Not by SIGTERM, which the child may have inherited as blocked.
            kill(process.processIdentifier, SIGKILL)
        }
        var status: Int32 = -1
        for await ended in statuses { status = ended }
        watch.cancel()
        let complaint = String(decoding: await reading.value.prefix(1_000), as: UTF8.self)
        return (Int(status), complaint)
    }
}
