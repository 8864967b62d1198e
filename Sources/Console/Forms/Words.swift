public import Web

/// A text in both languages of the pages.
public struct Words: Sendable, Hashable {
    let chinese: String
    let english: String

    /// A text in Chinese and English.
    public init(_ chinese: String, _ english: String) {
        self.chinese = chinese
        self.english = english
    }

    /// The same in both: names and what people have written.
    public init(same text: String) { self.init(text, text) }

    /// In one language.
    public func callAsFunction(_ language: Language) -> String { language == .chinese ? chinese : english }
}
