/// The texts of pages in each language, as tables that translators can read: one text a line, `key⇥中文⇥English`.
///
/// Lines that begin with `#` are comments. Templates use a text as `{{t.key}}`.
public struct Texts: Sendable {
    /// A table that cannot be read; names the line.
    public struct Problem: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    private var chinese: [String: String] = [:]
    private var english: [String: String] = [:]

    /// Reads tables; of a key that stands in several, the last counts.
    ///
    /// - Throws: ``Problem``, naming table and line.
    public init(tables: [(name: String, bytes: [UInt8])]) throws(Problem) {
        for (name, bytes) in tables {
            for (number, line) in String(decoding: bytes, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false
            ).enumerated() where !line.isEmpty && !line.hasPrefix("#") {
                let cells = line.split(separator: "\t", omittingEmptySubsequences: true).map(String.init)
                guard cells.count == 3 else {
                    throw Problem(description: "\(name):\(number + 1): key, Chinese and English are expected")
                }
                chinese[cells[0]] = cells[1]
                english[cells[0]] = cells[2]
            }
        }
    }

    /// All texts of a language by key.
    public subscript(language: Language) -> [String: String] { language == .chinese ? chinese : english }

    /// One text; the key itself when there is none.
    public func text(_ key: String, _ language: Language) -> String { self[language][key] ?? key }
}
