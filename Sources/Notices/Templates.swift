import Foundation
import JSON
import Mustache

/// The texts that people get (消息模板), in Mustache. A county changes them by files of the same name, ending in
/// `.mustache`, in a folder of its own.
///
/// A template is filled with `name`, `recipient`, `day`, `count`, `catching_up`, `more` (how many do not fit) and
/// `entries`, each with `number`, `title`, `kind_name`, `subject`, `department`, `due_on`, `state` and `basis`.
struct Templates: Sendable {
    /// Each template's name.
    enum Name: String, CaseIterable {
        /// Plain text: the topic and mail.
        case message
        /// For the robots of 企业微信 and 钉钉.
        case markdown
        /// The subject of a mail, and the title of a 钉钉 message.
        case subject
    }

    static let standard: [Name: String] = [
        .message: """
        {{% CONTENT_TYPE:TEXT}}
        {{name}}：{{#catching_up}}（补发）{{/catching_up}}“双随机、一公开”有{{count}}项请办理。
        {{#entries}}
        {{number}}. {{title}}，期限 {{due_on}}，{{state}}。（{{kind_name}}；依据：{{basis}}）
        {{/entries}}
        {{#more}}
        另有{{more}}项未列出，请用 yaohao deadlines list 查看。
        {{/more}}

        """,
        .markdown: """
        {{% CONTENT_TYPE:TEXT}}
        **{{name}}**：{{#catching_up}}（补发）{{/catching_up}}“双随机、一公开”有{{count}}项请办理
        {{#entries}}
        > {{number}}. {{title}}，期限 {{due_on}}，**{{state}}**
        {{/entries}}
        {{#more}}
        > 另有{{more}}项未列出
        {{/more}}

        """,
        .subject: """
        {{% CONTENT_TYPE:TEXT}}
        【双随机、一公开】{{count}}项请办理（{{day}}）
        """,
    ]

    private let templates: [Name: MustacheTemplate]

    /// The templates of a folder where it has some, else those of the program.
    ///
    /// - Throws: `NotifierConfiguration.Problem`.
    init(folder: String? = nil) throws {
        var templates: [Name: MustacheTemplate] = [:]
        for name in Name.allCases {
            let file = folder.map { $0 + "/" + name.rawValue + ".mustache" }
            let own = file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            do {
                templates[name] = try MustacheTemplate(string: own ?? Self.standard[name] ?? "")
            } catch {
                throw NotifierConfiguration.Problem(
                    description: "\(file ?? name.rawValue): 模板有误 / the template is wrong: \(error)")
            }
        }
        self.templates = templates
    }

    /// What the topic's message says.
    func message(_ digest: Digest) -> String { render(.message, digest.context) }

    /// The subject of a mail.
    func subject(_ digest: Digest) -> String {
        render(.subject, digest.context).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// What a channel is handed: for a mail the subject in the first line; where a text is limited, as many entries as
    /// fit, and how many do not.
    func text(of digest: Digest, for channel: Channel) -> String {
        switch channel.kind {
        case .webhook:
            return JSONValue.object(digest.json.merging(["message": .string(message(digest))]) { _, new in new })
                .canonicalText
        case .mail: return subject(digest) + "\n" + fitting(.message, digest, channel.maximumSize)
        case .dingtalk: return subject(digest) + "\n" + fitting(.markdown, digest, channel.maximumSize)
        case .wecom: return fitting(.markdown, digest, channel.maximumSize)
        }
    }

    private func fitting(_ name: Name, _ digest: Digest, _ size: Int) -> String {
        var context = digest.context
        let entries = context["entries"] as? [[String: Any]] ?? []
        var kept = entries.count
        while true {
            context["entries"] = Array(entries.prefix(kept))
            context["more"] = kept < entries.count ? entries.count - kept : nil
            let text = render(name, context)
            if text.utf8.count <= size || kept == 0 { return text }
            // Texts are about as long as their entries are many.
            kept = min(kept - 1, kept * size / text.utf8.count)
        }
    }

    private func render(_ name: Name, _ context: [String: Any]) -> String { templates[name]?.render(context) ?? "" }
}
