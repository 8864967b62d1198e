import CXlsxWriter
import Foundation

extension Workbook {
    /// Writes the file, replacing what is there only when all is written.
    ///
    /// - Parameter path: where; the folder must exist.
    /// - Throws: `SheetError`.
    public func write(to path: String) throws(SheetError) {
        try check()
        let draft = path + ".\(getpid())-\(UInt32.random(in: 0...UInt32.max)).partial"
        // The library only prints why it cannot make a file, so we make it, and it writes over ours.
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SheetError(path, "无法写入：\(String(cString: strerror(errno))) / choose a file in a writable folder")
        }
        close(descriptor)
        var isDone = false
        defer { if !isDone { unlink(draft) } }
        guard let book = workbook_new(draft) else { throw SheetError(path, "内存不足 / out of memory") }
        do {
            try fill(book)
        } catch {
            lxw_workbook_free(book)
            throw error
        }
        try Self.hold(workbook_close(book), path)
        guard rename(draft, path) == 0 else {
            throw SheetError(path, "无法写入：\(String(cString: strerror(errno))) / choose another file")
        }
        isDone = true
    }

    private func fill(_ book: UnsafeMutablePointer<lxw_workbook>) throws(SheetError) {
        var formats: [Style: UnsafeMutablePointer<lxw_format>] = [:]
        let status = title.withMutableCString { title in
            var properties = lxw_doc_properties()
            properties.title = title
            properties.created = time_t(created)
            return workbook_set_properties(book, &properties)
        }
        try Self.hold(status, title)
        for sheet in sheets {
            guard let page = workbook_add_worksheet(book, sheet.name) else {
                throw SheetError(sheet.name, "无法建立工作表 / the sheet cannot be made; check its name")
            }
            try Self.write(sheet, to: page) { style in
                if let known = formats[style] { return known }
                let format = workbook_add_format(book)
                style.apply(to: format)
                formats[style] = format
                return format
            }
        }
    }

    private static func write(
        _ sheet: Sheet, to page: UnsafeMutablePointer<lxw_worksheet>,
        format: (Style) -> UnsafeMutablePointer<lxw_format>?
    ) throws(SheetError) {
        worksheet_set_paper(page, sheet.isA3 ? 8 : 9)
        worksheet_set_margins(page, 0.5, 0.5, 0.6, 0.6)
        worksheet_center_horizontally(page)
        worksheet_fit_to_pages(page, 1, 0)
        if sheet.isLandscape { worksheet_set_landscape(page) }
        if !sheet.footer.isEmpty { try hold(worksheet_set_footer(page, sheet.footer), sheet.name) }
        for (column, width) in sheet.columnWidths.sorted(by: { $0.key < $1.key }) {
            try hold(worksheet_set_column(page, lxw_col_t(column), lxw_col_t(column), width, nil), sheet.name)
        }
        for (row, height) in sheet.rowHeights.sorted(by: { $0.key < $1.key }) {
            try hold(worksheet_set_row(page, lxw_row_t(row), height, nil), sheet.name)
        }
        if let heading = sheet.headingRows {
            worksheet_freeze_panes(page, lxw_row_t(heading.upperBound + 1), 0)
            try hold(
                worksheet_repeat_rows(page, lxw_row_t(heading.lowerBound), lxw_row_t(heading.upperBound)), sheet.name)
        }
        // A merged rectangle is made first, empty and with its frame; its cell is then written over the first one.
        for merge in sheet.merges {
            let style = sheet.cells[merge.first]?.style ?? Style()
            let status = worksheet_merge_range(
                page, lxw_row_t(merge.first.row), lxw_col_t(merge.first.column), lxw_row_t(merge.last.row),
                lxw_col_t(merge.last.column), "", format(style))
            try hold(status, "\(sheet.name)!\(merge.first)")
        }
        for (position, cell) in sheet.cells.sorted(by: { $0.key < $1.key }) {
            let row = lxw_row_t(position.row)
            let column = lxw_col_t(position.column)
            var style = cell.style
            let status: lxw_error
            switch cell.value {
            case .blank:
                status = worksheet_write_blank(page, row, column, format(style))
            case .text(let text) where text.isEmpty:
                status = worksheet_write_blank(page, row, column, format(style))
            case .text(let text):
                status = worksheet_write_string(page, row, column, escaped(text), format(style))
            case .integer(let number):
                status = worksheet_write_number(page, row, column, Double(number), format(style))
            case .ppm(let ppm):
                if style.numberFormat.isEmpty { style.numberFormat = "0.00%" }
                status = worksheet_write_number(page, row, column, Double(ppm) / 1_000_000, format(style))
            }
            try hold(status, "\(sheet.name)!\(position)")
        }
    }

    /// Text such as `_x0041_` would be read as the escape of a character (ECMA-376 part 1, 22.9.2.19), so its first
    /// sign is escaped.
    private static func escaped(_ text: String) -> String {
        text.replacing(/_(?=x[0-9A-Fa-f]{4}_)/, with: "_x005F_")
    }

    private static func hold(_ status: lxw_error, _ place: String) throws(SheetError) {
        guard status != LXW_NO_ERROR else { return }
        throw SheetError(place, String(cString: lxw_strerror(status)))
    }
}

extension Style {
    fileprivate func apply(to format: UnsafeMutablePointer<lxw_format>?) {
        format_set_font_name(format, font)
        format_set_font_size(format, fontSize)
        if isBold { format_set_bold(format) }
        switch alignment {
        case .general: break
        case .left: format_set_align(format, UInt8(LXW_ALIGN_LEFT.rawValue))
        case .centre: format_set_align(format, UInt8(LXW_ALIGN_CENTER.rawValue))
        case .right: format_set_align(format, UInt8(LXW_ALIGN_RIGHT.rawValue))
        }
        format_set_align(format, UInt8(LXW_ALIGN_VERTICAL_CENTER.rawValue))
        if wraps { format_set_text_wrap(format) }
        if hasBorder { format_set_border(format, UInt8(LXW_BORDER_THIN.rawValue)) }
        if let fill { format_set_bg_color(format, fill) }
        if !numberFormat.isEmpty { format_set_num_format(format, numberFormat) }
    }
}

extension String {
    /// For C interfaces that forgot `const`.
    fileprivate func withMutableCString<Result>(_ body: (UnsafeMutablePointer<CChar>) -> Result) -> Result {
        var bytes = Array(utf8CString)
        return bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("text always has its end") }
            return body(base)
        }
    }
}
