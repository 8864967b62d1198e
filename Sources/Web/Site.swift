import HTTPTypes
public import Hummingbird
public import JSON
import Mustache

/// How a site's pages look: texts, templates, assets and the frame around every page.
///
/// A page's template is rendered within `layout`, with what it is given and, in every template: `t` (texts), `asset`
/// (addresses), `zh` (whether Chinese), `language`, `path`. Everything that comes from data is escaped, unless a
/// template asks for it as it is by three braces.
public struct Site: Sendable {
    /// One entry of the navigation.
    public struct Destination: Sendable {
        /// The address, from the root.
        public let path: String
        /// The key of its text.
        public let text: String

        /// Makes an entry.
        public init(_ path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// A template that is broken or missing.
    public struct Problem: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// The texts.
    public let texts: Texts
    /// The styles and scripts.
    public let assets: Assets
    private let library: MustacheLibrary
    private let navigation: [Destination]
    private let styles: [String]
    private let scripts: [String]
    private let addresses: [String: String]
    /// The texts of each language, with ours under them.
    private let fixed: [Language: [String: String]]

    /// - Parameters:
    ///   - texts: tables of texts, beside those that every site has; `site` is the site's name.
    ///   - templates: pages and parts by name; each can use `{{> name}}`.
    ///   - assets: files beside the style sheet.
    ///   - navigation: what stands at the top of every page.
    ///   - styles: names of assets that every page loads after the common style sheet.
    ///   - scripts: names of assets that every page loads.
    /// - Throws: ``Texts/Problem``, ``Problem``.
    public init(
        texts: [(name: String, bytes: [UInt8])], templates: [(name: String, bytes: [UInt8])],
        assets: [(name: String, bytes: [UInt8])], navigation: [Destination], styles: [String] = [],
        scripts: [String] = []
    ) throws {
        self.texts = try Texts(tables: [("web.tsv", PackageResources.web_tsv)] + texts)
        self.assets = Assets(
            [("site.css", PackageResources.site_css), ("icon.svg", PackageResources.icon_svg)] + assets)
        self.navigation = navigation
        self.styles = styles
        self.scripts = scripts
        addresses = self.assets.addresses
        fixed = [.chinese: self.texts[.chinese], .english: self.texts[.english]]
        var library = MustacheLibrary()
        let own: [(name: String, bytes: [UInt8])] = [
            ("layout", PackageResources.layout_mustache), ("error", PackageResources.error_mustache),
        ]
        for (name, bytes) in own + templates {
            do {
                try library.register(String(decoding: bytes, as: UTF8.self), named: name)
            } catch {
                throw Problem(description: "\(name).mustache: \(error)")
            }
        }
        self.library = library
    }

    /// A page.
    ///
    /// - Parameters:
    ///   - template: the name of its template.
    ///   - title: its title, in the language of the answer.
    ///   - values: what the template uses.
    ///   - status: 200 unless it is an error.
    /// - Throws: ``Problem`` when there is no such template.
    public func page(
        _ template: String, title: String, _ values: [String: Any] = [:], status: HTTPResponse.Status = .ok,
        for request: Request, in context: some WebRequestContext
    ) throws -> Response {
        let html = try render(template, title: title, values, for: request, language: context.language)
        return Response(
            status: status, headers: [.contentType: Format.html.contentType, .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    /// A document of its own, without the frame: a feed, a picture.
    ///
    /// - Throws: ``Problem`` when there is no such template.
    public func fragment(_ template: String, _ values: [String: Any], language: Language) throws -> String {
        let all = values.merging(common(language)) { given, _ in given }
        guard let text = library.render(all, withTemplate: template) else {
            throw Problem(description: "\(template).mustache: there is no such template")
        }
        return text
    }

    private func common(_ language: Language) -> [String: Any] {
        [
            "t": fixed[language] ?? [:], "asset": addresses, "zh": language == .chinese,
            "language": language.rawValue, "tag": language.tag,
        ]
    }

    func render(
        _ template: String, title: String, _ values: [String: Any], for request: Request, language: Language
    ) throws -> String {
        let path = request.uri.path
        let fields = (try? FormFields(parsing: request.uri.query ?? "")) ?? FormFields()
        let other: Language = language == .chinese ? .english : .chinese
        var all = values.merging(common(language)) { given, _ in given }
        all["path"] = path
        all["title"] = title
        all["content"] = try fragment(template, all, language: language)
        all["switch"] = path + "?" + fields.query(changing: ["lang": other.rawValue])
        all["other"] = ["tag": other.tag, "name": other == .chinese ? "中文" : "English"]
        all["navigation"] = navigation.map { destination in
            [
                "path": destination.path, "text": texts.text(destination.text, language),
                "current": path == destination.path || path.hasPrefix(destination.path + "/"),
            ] as [String: Any]
        }
        func located(_ names: [String]) -> [String] {
            names.compactMap { addresses[String($0.map { $0 == "." || $0 == "-" ? "_" : $0 })] }
        }
        all["styles"] = located(styles)
        all["scripts"] = located(scripts + (values["scripts"] as? [String] ?? []))
        return try fragment("layout", all, language: language)
    }
}

extension JSONValue {
    /// The value as templates read it: objects by name, lists, texts, numbers; `null` is not there.
    public var forTemplate: Any? {
        switch self {
        case .null: nil
        case .bool(let value): value
        case .integer(let value): Int(value)
        case .string(let value): value
        case .array(let values): values.compactMap(\.forTemplate)
        case .object(let members): members.compactMapValues(\.forTemplate)
        }
    }
}
