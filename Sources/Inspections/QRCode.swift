import CQRencode
import Foundation

/// A QR code (二维码) as a picture in SVG, for papers that enterprises scan (扫码入企).
///
/// Source: ISO/IEC 18004, by libqrencode; error correction M (15 %).
public struct QRCode: Sendable, Hashable {
    /// What cannot be encoded.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong and what would be right.
        public let description: String
    }

    /// The quiet zone around the code, in modules.
    static let quietZone = 4

    /// Modules along one side.
    public let width: Int
    /// For each module, by rows, whether it is dark.
    public let modules: [Bool]

    /// Encodes some text.
    ///
    /// - Throws: `Problem` when it is empty or longer than a code holds.
    public init(_ text: String) throws(Problem) {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw Problem(description: "二维码内容为空或含空字符 / the code's text is empty or has a NUL")
        }
        guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else {
            throw Problem(
                description: "二维码内容过长（\(text.utf8.count) 字节），请缩短 / \(text.utf8.count) bytes are too long for a code: "
                    + String(cString: strerror(errno)))
        }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        // The lowest bit of each byte is the module's colour.
        modules = UnsafeBufferPointer(start: code.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    /// The picture: black squares on white, with the quiet zone, one path.
    public var svg: String {
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                let start = column
                while column < width, modules[row * width + column] { column += 1 }
                if column > start {
                    let length = column - start
                    path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(length)v1h-\(length)z"
                }
                column += 1
            }
        }
        let side = width + 2 * Self.quietZone
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(side) \(side)\" shape-rendering=\"crispEdges\" "
            + "role=\"img\" aria-label=\"二维码\"><rect width=\"\(side)\" height=\"\(side)\" fill=\"#fff\"/>"
            + "<path d=\"\(path)\" fill=\"#000\"/></svg>"
    }
}
