import Foundation
import Tables

/// A file by its path, or by its bytes.
struct TextFile {
    let name: String
    private let content: Data?

    init(path: String) {
        name = path
        content = nil
    }

    init(name: String, bytes: [UInt8]) {
        self.name = name
        content = Data(bytes)
    }

    func text() throws(TableError) -> TextSource {
        guard let content else { return try TextSource(path: name) }
        return try TextSource(name: name, content: content)
    }

    func bytes() throws(TableError) -> [UInt8] {
        guard let content = content ?? FileManager.default.contents(atPath: name) else {
            throw TableError(name, "无法读取，请核对文件名 / cannot be read; name a file that exists")
        }
        return Array(content)
    }
}
