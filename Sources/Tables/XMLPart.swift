import Foundation
import FoundationXML

/// Reads one XML part of a container, element by element, names without their prefixes.
///
/// Parts with a document type are refused, so that no entity is ever resolved or expanded.
enum XMLPart {
    /// What reads a part.
    protocol Reader: AnyObject {
        /// An element begins.
        func begin(_ name: String, _ attributes: [String: String]) throws(TableError)
        /// An element ends.
        func end(_ name: String) throws(TableError)
        /// Text within an element, possibly in pieces.
        func text(_ text: String)
    }

    /// Reads a part to its end.
    ///
    /// - Throws: what the reader throws, and `TableError` when the part is no XML.
    static func read(_ bytes: [UInt8], of file: String, part: String, into reader: any Reader) throws(TableError) {
        guard String(validating: bytes.prefix(while: { $0 != UInt8(ascii: ">") }), as: UTF8.self) != nil,
            bytes.first == UInt8(ascii: "<") || bytes.starts(with: [0xEF, 0xBB, 0xBF])
        else { throw TableError(file, "its part \(part) is not XML in UTF-8; save it again") }
        let doctype = Data("<!DOCTYPE".utf8)
        let data = Data(bytes)
        guard data.range(of: doctype, in: 0..<min(data.count, 1 << 16)) == nil,
            data.range(of: Data("<!ENTITY".utf8)) == nil
        else { throw TableError(file, "its part \(part) declares a document type, which no office program writes") }
        let parser = XMLParser(data: data)
        parser.shouldResolveExternalEntities = false
        parser.externalEntityResolvingPolicy = .never
        let delegate = Delegate(reader)
        parser.delegate = delegate
        let isWhole = parser.parse()
        if let error = delegate.error { throw error }
        // The parser takes a text that is cut off for whole.
        guard isWhole, parser.parserError == nil, delegate.isWhole else {
            throw TableError(
                file,
                "its part \(part) is damaged at line \(parser.lineNumber), column \(parser.columnNumber); save it again"
            )
        }
    }

    private final class Delegate: NSObject, XMLParserDelegate {
        let reader: any Reader
        var error: TableError?
        private var open: [String] = []
        private var isBalanced = true
        private var isEmpty = true
        /// Whether every element that began has ended.
        var isWhole: Bool { isBalanced && open.isEmpty && !isEmpty }

        init(_ reader: any Reader) { self.reader = reader }

        private func local(_ name: String) -> String {
            guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return name }
            return String(name[name.utf8.index(after: colon)...])
        }

        private func run(_ parser: XMLParser, _ work: () throws(TableError) -> Void) {
            guard error == nil else { return }
            do throws(TableError) { try work() } catch {
                self.error = error
                parser.abortParsing()
            }
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            open.append(name)
            isEmpty = false
            run(parser) { () throws(TableError) in try reader.begin(local(name), attributes) }
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            if open.popLast() != name { isBalanced = false }
            run(parser) { () throws(TableError) in try reader.end(local(name)) }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { reader.text(string) }

        func parser(_ parser: XMLParser, foundCDATA block: Data) { reader.text(String(decoding: block, as: UTF8.self)) }
    }
}
