import CZip

/// An archive (ZIP, APPNOTE 6.3) made in memory by libzip.
enum ZipFile {
    /// Why it could not be made.
    struct Problem: Error, CustomStringConvertible { let description: String }

    /// - Parameters:
    ///   - files: names and contents.
    ///   - folder: the folder that everything lies in.
    static func bytes(_ files: [(name: String, bytes: [UInt8])], folder: String) throws -> [UInt8] {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let target = zip_source_buffer_create(nil, 0, 0, &error) else {
            throw Problem(description: "libzip: no memory")
        }
        defer { zip_source_free(target) }
        guard let archive = zip_open_from_source(target, ZIP_TRUNCATE, &error) else {
            throw Problem(description: "libzip: " + String(cString: zip_error_strerror(&error)))
        }
        // Opening has taken the source over; we read it after the archive is closed.
        zip_source_keep(target)
        var isClosed = false
        defer { if !isClosed { zip_discard(archive) } }
        func check(_ isRight: Bool) throws {
            guard !isRight else { return }
            throw Problem(description: "libzip: " + String(cString: zip_strerror(archive)))
        }
        for file in files {
            // libzip frees what it is given, when the archive is closed or discarded.
            let copy = UnsafeMutableRawPointer.allocate(byteCount: max(1, file.bytes.count), alignment: 1)
            file.bytes.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { copy.copyMemory(from: base, byteCount: bytes.count) }
            }
            guard let source = zip_source_buffer(archive, copy, UInt64(file.bytes.count), 1) else {
                copy.deallocate()
                throw Problem(description: "libzip: " + String(cString: zip_strerror(archive)))
            }
            let index = zip_file_add(archive, "\(folder)/\(file.name)", source, zip_flags_t(ZIP_FL_ENC_UTF_8))
            if index < 0 { zip_source_free(source) }
            try check(index >= 0)
            // The same files give the same bytes: 1980-01-01, the earliest that the format knows.
            try check(zip_file_set_dostime(archive, UInt64(index), 0, 0x21, 0) == 0)
        }
        try check(zip_close(archive) == 0)
        isClosed = true
        var status = zip_stat_t()
        guard zip_source_open(target) == 0, zip_source_stat(target, &status) == 0 else {
            throw Problem(description: "libzip: cannot read what was written")
        }
        defer { zip_source_close(target) }
        var bytes = [UInt8](repeating: 0, count: Int(status.size))
        guard zip_source_read(target, &bytes, status.size) == Int64(status.size) else {
            throw Problem(description: "libzip: cannot read what was written")
        }
        return bytes
    }
}
