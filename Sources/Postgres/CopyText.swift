/// The text format of `COPY` (PostgreSQL documentation, COPY, "Text Format"): columns apart by tabs, one row a line,
/// `\N` for NULL, backslash before what would be misread.
public enum CopyText {
    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    /// Appends one row.
    public static func append(row: [(any PostgresEncodable)?], to buffer: inout [UInt8]) {
        for (index, value) in row.enumerated() {
            if index > 0 { buffer.append(tab) }
            switch value?.postgresParameter ?? .null {
            case .null:
                buffer.append(backslash)
                buffer.append(UInt8(ascii: "N"))
            case .text(let text):
                append(text: text, to: &buffer)
            case .binary(let bytes):
                // bytea's own form is \x…; its backslash is doubled for COPY.
                buffer += [backslash, backslash, UInt8(ascii: "x")]
                for byte in bytes {
                    buffer.append(hexadecimalDigits[Int(byte >> 4)])
                    buffer.append(hexadecimalDigits[Int(byte & 15)])
                }
            }
        }
        buffer.append(newline)
    }

    private static func append(text: String, to buffer: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case backslash: buffer += [backslash, backslash]
            case tab: buffer += [backslash, UInt8(ascii: "t")]
            case newline: buffer += [backslash, UInt8(ascii: "n")]
            case UInt8(ascii: "\r"): buffer += [backslash, UInt8(ascii: "r")]
            default: buffer.append(byte)
            }
        }
    }

    /// Splits whole lines into rows and columns; nil for NULL. Throws a ``PostgresError`` with code `decoding`.
    public static func rows(_ bytes: [UInt8]) throws -> [[String?]] {
        var rows: [[String?]] = []
        var row: [String?] = []
        var field: [UInt8] = []
        var isNull = false
        var escaped = false
        func endField() throws {
            guard let text = String(validating: field, as: UTF8.self) else {
                throw PostgresError(.decoding, "COPY: not UTF-8")
            }
            row.append(isNull ? nil : text)
            field.removeAll(keepingCapacity: true)
            isNull = false
        }
        for byte in bytes {
            if escaped {
                escaped = false
                switch byte {
                case UInt8(ascii: "N"): isNull = true
                case UInt8(ascii: "t"): field.append(tab)
                case UInt8(ascii: "n"): field.append(newline)
                case UInt8(ascii: "r"): field.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "b"): field.append(8)
                case UInt8(ascii: "f"): field.append(12)
                case UInt8(ascii: "v"): field.append(11)
                default: field.append(byte)
                }
                continue
            }
            switch byte {
            case backslash: escaped = true
            case tab: try endField()
            case newline:
                try endField()
                rows.append(row)
                row = []
            default: field.append(byte)
            }
        }
        guard field.isEmpty, row.isEmpty, !escaped else {
            throw PostgresError(.decoding, "COPY: the last line is cut off")
        }
        return rows
    }
}
