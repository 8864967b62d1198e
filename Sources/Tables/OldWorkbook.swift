import Dispatch
import Foundation

/// Workbooks of Excel 97 to 2003 (`.xls`), which LibreOffice converts.
enum OldWorkbook {
    /// How long a conversion may take.
    private static let seconds = 120

    /// The same workbook as `.xlsx`.
    ///
    /// The converter works in a folder of its own that only its owner can read, with a profile of its own.
    static func converted(name: String, bytes: [UInt8]) throws(TableError) -> [UInt8] {
        let remedy = "save it as .xlsx, or install the Debian package libreoffice-calc-nogui"
        guard let program = ["soffice", "libreoffice"].lazy.compactMap(find).first else {
            throw TableError(
                name,
                "是旧式 .xls，本机没有转换它的 LibreOffice / is an old .xls, and LibreOffice, which converts it, is not installed; \(remedy)"
            )
        }
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("yaohao-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        do {
            try FileManager.default.createDirectory(
                at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let source = place.appendingPathComponent("table.xls")
            try Data(bytes).write(to: source)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = [
                "--headless", "--norestore", "--nolockcheck",
                "-env:UserInstallation=file://\(place.path)/profile", "--convert-to", "xlsx", "--outdir", place.path,
                source.path,
            ]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            let ended = DispatchSemaphore(value: 0)
            process.terminationHandler = { _ in ended.signal() }
            try process.run()
            guard ended.wait(timeout: .now() + .seconds(seconds)) == .success else {
                process.terminate()
                throw TableError(name, "was not converted within \(seconds) s; save it as .xlsx")
            }
            guard let made = FileManager.default.contents(atPath: place.appendingPathComponent("table.xlsx").path)
            else {
                throw TableError(
                    name,
                    "无法转换（已损坏或有密码），请另存为 .xlsx / could not be converted (damaged, or protected by a password); save it as .xlsx"
                )
            }
            return Array(made)
        } catch let error as TableError {
            throw error
        } catch {
            throw TableError(name, "could not be converted: \(error.localizedDescription); save it as .xlsx")
        }
    }

    private static func find(_ program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
