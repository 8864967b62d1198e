import Foundation

/// Reads the files that departments keep their tables in.
///
/// CSV (RFC 4180) and TSV in UTF-8, UTF-16 with a byte order mark or GB 18030; workbooks `.xlsx` (ECMA-376); tables of
/// documents `.docx`; old workbooks `.xls` by way of LibreOffice.
public enum TableFile {
    /// How a file is written.
    public enum Format: String, Sendable, CaseIterable {
        /// Comma-separated values.
        case csv
        /// Tab-separated values.
        case tsv
        /// A workbook of Excel 2007 and later.
        case xlsx
        /// A document of Word 2007 and later.
        case docx
        /// A workbook of Excel 97 to 2003.
        case xls

        /// The format that a name's extension stands for.
        public init?(fileName: String) {
            guard let dot = fileName.lastIndex(of: ".") else { return nil }
            self.init(rawValue: fileName[fileName.index(after: dot)...].lowercased())
        }

        /// Whether it is read row by row, so that a large file needs little memory.
        public var isText: Bool { self == .csv || self == .tsv }
    }

    /// All tables of a file; sheets that are hidden say so.
    ///
    /// - Parameters:
    ///   - name: the file's name, for messages and, by its extension, the format.
    ///   - bytes: its content.
    /// - Throws: `TableError`, naming file, sheet, line or cell, and the remedy.
    public static func tables(name: String, bytes: [UInt8]) throws(TableError) -> [Table] {
        guard let format = Format(fileName: name) else {
            throw TableError(
                name, "is none of \(Format.allCases.map { "." + $0.rawValue }.joined(separator: " ")); save it as one")
        }
        switch format {
        case .csv, .tsv:
            var reader = try RecordReader(
                TextSource(name: name, content: Data(bytes)), format: format == .csv ? .csv : .tsv)
            var rows: [Table.Row] = []
            while let row = try reader.next() { rows.append(row) }
            return [Table(rows: rows)]
        case .xlsx:
            if isOldContainer(bytes) {
                throw TableError(
                    name, "is protected by a password, or an old workbook by another name; save it as .xlsx without one"
                )
            }
            return try Workbook.tables(name: name, bytes: bytes)
        case .docx: return try DocumentTables.tables(name: name, bytes: bytes)
        case .xls:
            // Many systems write the new format under the old name.
            if bytes.starts(with: [0x50, 0x4B]) { return try Workbook.tables(name: name, bytes: bytes) }
            return try Workbook.tables(name: name, bytes: OldWorkbook.converted(name: name, bytes: bytes))
        }
    }

    /// The magic number of OLE compound files: workbooks before 2007, and newer ones that are encrypted.
    private static func isOldContainer(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) }
}

/// What keeps a small file from growing without bounds once it is unpacked.
enum TableBounds {
    /// Bytes of one part of a container, unpacked.
    static let partBytes = 256 << 20
    /// Cells of one sheet, those that merged ones cover included.
    static let cells = 20_000_000
    /// Rows and columns of a sheet (Excel's own bounds).
    static let rows = 1_048_576
    static let columns = 16_384
    /// Bytes of one record of delimited text.
    static let recordBytes = 4 << 20
}
