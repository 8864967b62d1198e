import ArgumentParser
import Cluster
import Crypto
import Foundation
import JSON
import YAML

/// `yaohao submit`: documents in, receipts out.
struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Sign and send documents, and wait for their receipts · 报送文件并等待回执",
        discussion: """
            A document holds type, subject, data, and if wanted id and source. Files are YAML (many documents, parted by
            ---) or JSON Lines (.jsonl). The same words without an id are one submission: accepted, they have no second
            effect, and rejected, they are tried again. Exit status: 0 all accepted, 1 some rejected, 2 wrong input, 3 no receipts in time.
            """)

    @Argument(help: "Files to submit · 文件")
    var files: [String]

    @OptionGroup var signing: SigningOptions

    @Flag(help: "Say anew what was said and accepted before, in the same words · 内容与此前相同的，作为新的报送")
    var again = false

    @Flag(help: "Print each receipt as a line of JSON · 每行一个 JSON 回执")
    var json = false

    func run() async throws {
        var drafts: [SubmissionDraft] = []
        do {
            for file in files { drafts += try SubmissionFile.drafts(in: file) }
        } catch let error as SubmissionDraft.Problem {
            complain("\(error)")
            throw ExitStatus.wrongInput
        }
        if again { drafts = drafts.map { $0.id == nil ? $0.named(UUID().uuidString.lowercased()) : $0 } }
        try await signing.submit(drafts, json: json)
    }
}

/// Files of documents to be submitted.
enum SubmissionFile {
    /// Reads the documents of a file in their order.
    ///
    /// - Throws: `SubmissionDraft.Problem`, naming file, document and field.
    static func drafts(in file: String) throws -> [SubmissionDraft] {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw SubmissionDraft.Problem("\(file): cannot be read; name a file that exists")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SubmissionDraft.Problem("\(file): is not UTF-8; save it as UTF-8")
        }
        if file.hasSuffix(".jsonl") || file.hasSuffix(".json") {
            let documents =
                file.hasSuffix(".json")
                ? [(1, text)]
                : text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                    .map { ($0.offset + 1, String($0.element)) }
            return try documents.filter { !$0.1.allSatisfy(\.isWhitespace) }.map { line, document in
                do {
                    return try draft(JSONValue(parsing: Array(document.utf8)))
                } catch {
                    throw SubmissionDraft.Problem("\(file):\(line): \(error)")
                }
            }
        }
        do {
            return try YAMLDocument.all(in: text).enumerated().map { index, document in
                do {
                    return try draft(document)
                } catch {
                    throw SubmissionDraft.Problem("\(file): document \(index + 1): \(error)")
                }
            }
        } catch let error as YAMLDocument.Malformed {
            throw SubmissionDraft.Problem("\(file): \(error)")
        }
    }

    private static func draft(_ document: JSONValue) throws -> SubmissionDraft {
        var reader = try JSONReader(document)
        let draft = SubmissionDraft(
            type: try reader.string("type"), subject: try reader.string("subject"), data: try reader.value("data"),
            id: try reader.optionalString("id"), source: try reader.optionalString("source"))
        try reader.finish()
        return draft
    }
}
