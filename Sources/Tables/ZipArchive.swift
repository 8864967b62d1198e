import CZip

/// The parts of a zip container (APPNOTE 6.3), unpacked within bounds.
struct ZipArchive {
    private let name: String
    private let handle: Handle

    /// Owns what libzip has opened, and the bytes that it reads.
    private final class Handle {
        let bytes: UnsafeMutableRawBufferPointer
        var archive: OpaquePointer?

        init(_ content: [UInt8]) {
            bytes = .allocate(byteCount: content.count, alignment: 1)
            bytes.copyBytes(from: content)
        }

        deinit {
            if let archive { zip_discard(archive) }
            bytes.deallocate()
        }
    }

    /// Opens a container.
    ///
    /// - Throws: `TableError` when the bytes are none.
    init(name: String, bytes: [UInt8]) throws(TableError) {
        self.name = name
        handle = Handle(bytes)
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let source = zip_source_buffer_create(handle.bytes.baseAddress, zip_uint64_t(bytes.count), 0, &error)
        else { throw TableError(name, "cannot be opened: \(Self.text(&error))") }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
            zip_source_free(source)
            throw TableError(
                name, "is damaged or no such file at all (\(Self.text(&error))); save or download it again")
        }
        handle.archive = archive
    }

    private static func text(_ error: inout zip_error_t) -> String { String(cString: zip_error_strerror(&error)) }

    /// One part; `nil` when there is none of that name.
    ///
    /// - Throws: `TableError` when it is damaged, encrypted or too large.
    func part(_ path: String) throws(TableError) -> [UInt8]? {
        let index = zip_name_locate(handle.archive, path, zip_flags_t(ZIP_FL_NOCASE))
        guard index >= 0 else { return nil }
        guard let file = zip_fopen_index(handle.archive, zip_uint64_t(index), 0) else {
            throw TableError(name, "its part \(path) cannot be read (damaged or encrypted); save it again")
        }
        defer { zip_fclose(file) }
        // What the directory says of the size is not believed: reading stops at the bound.
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = zip_fread(file, &chunk, zip_uint64_t(chunk.count))
            guard count >= 0 else {
                throw TableError(name, "its part \(path) is damaged; save or download it again")
            }
            if count == 0 { return content }
            content += chunk[..<Int(count)]
            guard content.count <= TableBounds.partBytes else {
                throw TableError(
                    name,
                    "its part \(path) unpacks to more than \(TableBounds.partBytes >> 20) MiB; split the file, "
                        + "or save it as CSV")
            }
        }
    }
}
