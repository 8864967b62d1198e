/// Back pressure on one partition (背压): fetching pauses when enough is in flight, and goes on when half of it is done.
struct FlowControl: Sendable, Hashable {
    /// Most messages in flight.
    let maxMessages: Int
    /// Most bytes in flight.
    let maxBytes: Int
    private(set) var messages = 0
    private(set) var bytes = 0
    private var isFull = false
    private var failing = 0

    init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }

    /// Whether fetching should be paused now.
    var shouldPause: Bool { isFull || failing > 0 }

    /// A message of `size` bytes came in.
    mutating func began(_ size: Int) {
        messages += 1
        bytes += size
        if messages >= maxMessages || bytes >= maxBytes { isFull = true }
    }

    /// A message of `size` bytes is done or dropped.
    mutating func finished(_ size: Int) {
        messages -= 1
        bytes -= size
        // The distance between full and half keeps it from pausing and resuming with every message.
        if messages <= maxMessages / 2, bytes <= maxBytes / 2 { isFull = false }
    }

    /// A handler failed and will be called again with the same messages: nothing new is fetched meanwhile.
    mutating func beganFailing() { failing += 1 }

    /// A handler that had failed succeeded, or was given up.
    mutating func stoppedFailing() { failing -= 1 }
}
