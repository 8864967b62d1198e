import Foundation
import JSON
import Testing

/// A real server of a test's own that takes what is sent to it: HTTP, and SMTP for mail. It does as the file `mode` in
/// its folder says.
struct Sink {
    /// What it got over HTTP.
    struct Request: Sendable {
        let path: String
        let headers: [String: String]
        let body: [UInt8]
    }

    let folder: URL
    let port: Int

    /// Modes: `ok`, a status such as `500`, `drop` (the connection is closed), `refuse` (a robot's errcode).
    static let program = #"""
        import base64, http.server, json, os, socketserver, sys, threading
        folder, kind = sys.argv[1], sys.argv[2]
        lock = threading.Lock()

        def mode():
            with open(os.path.join(folder, "mode")) as file: return file.read().strip()

        def keep(entry):
            with lock, open(os.path.join(folder, "got"), "a") as file: file.write(json.dumps(entry) + "\n")

        class Web(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                now = mode()
                if now == "drop":
                    self.close_connection = True
                    return
                keep({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                      "body": base64.b64encode(body).decode(), "mode": now})
                status = int(now) if now.isdigit() else 200
                answer = json.dumps({"errcode": 93000 if now == "refuse" else 0, "errmsg": now}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            def log_message(self, *args): pass

        class Mail(socketserver.StreamRequestHandler):
            def handle(self):
                def say(text): self.wfile.write((text + "\r\n").encode())
                say("220 sink")
                sender, to = "", []
                while True:
                    line = self.rfile.readline().decode().strip()
                    word = line[:4].upper()
                    if word == "" or word == "QUIT":
                        say("221 bye")
                        return
                    if word == "MAIL": sender = line
                    if word == "RCPT": to.append(line)
                    if mode() != "ok" and word == "RCPT": say("451 later")
                    elif word == "DATA":
                        say("354 go on")
                        data = b""
                        while not data.endswith(b"\r\n.\r\n"): data += self.rfile.readline()
                        keep({"sender": sender, "to": to, "data": data.decode()})
                        say("250 taken")
                        sender, to = "", []
                    else: say("250 ok")

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            allow_reuse_address = True

        with Server(("127.0.0.1", 0), Web if kind == "web" else Mail) as server:
            with open(os.path.join(folder, "port.new"), "w") as file: file.write(str(server.server_address[1]))
            os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
            server.serve_forever()
        """#

    /// Runs a sink while the body runs.
    static func with(_ kind: String = "web", _ body: (Sink) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "yaohao-sink-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("ok".utf8).write(to: folder.appending(path: "mode"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", program, folder.path, kind]
        try process.run()
        defer {
            // Not by SIGTERM: the child inherits the mask of a dispatch thread, which blocks it.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let portFile = folder.appending(path: "port")
        try await eventually("the sink listens") { FileManager.default.fileExists(atPath: portFile.path) }
        let port = try #require(Int(String(contentsOf: portFile, encoding: .utf8)))
        try await body(Sink(folder: folder, port: port))
    }

    func set(mode: String) throws { try Data(mode.utf8).write(to: folder.appending(path: "mode"), options: .atomic) }

    /// What it kept, in order.
    func kept() throws -> [JSONValue] {
        guard let data = FileManager.default.contents(atPath: folder.appending(path: "got").path) else { return [] }
        return try data.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }

    /// What it got over HTTP, also what it refused.
    func requests() throws -> [Request] {
        try kept().map { entry in
            guard case .object(let headers)? = entry["headers"] else {
                return Request(path: "", headers: [:], body: [])
            }
            return Request(
                path: entry["path"]?.text ?? "", headers: headers.compactMapValues(\.text),
                body: Array(Data(base64Encoded: entry["body"]?.text ?? "") ?? Data()))
        }
    }

    /// Writes a file that only its owner can read into the folder, and returns its path.
    func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        return file.path
    }
}
