import ArgumentParser
import Foundation

/// How a command ends: 0 done, 1 the answer is no, 2 wrong usage or input, 3 a service can't be reached.
enum ExitStatus {
    static let answerIsNo = ExitCode(1)
    static let wrongInput = ExitCode(2)
    static let unreachable = ExitCode(3)
}

/// Writes one line on standard error.
func complain(_ line: String) {
    FileHandle.standardError.write(Data(("yaohao: " + line + "\n").utf8))
}

/// Writes one line on standard output, at once.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
