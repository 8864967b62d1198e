import Logging
public import ServiceLifecycle
import Synchronization

/// Takes the rows of large feeds into the register while they still come in (边收边入库), one feed at a time, so that little
/// is left to do when the last row is there. It saves time and nothing else: a feed that nobody follows is settled at its
/// end.
public final class FeedFollower: Service {
    private let applier: FeedApplier
    private let logger: Logger
    private let names: AsyncStream<FeedName>
    private let noted: AsyncStream<FeedName>.Continuation
    private let atHand = Mutex(AtHand())

    /// What pages of the feed that is followed carry, so that it need not be read from where it is stored.
    private struct AtHand {
        var feed: FeedName?
        var contents: [Int: PageContents] = [:]
    }

    /// How many pages are at hand before who reads more of them waits a little, and how often at most.
    private static let limit = (pages: 4, waits: 200, wait: Duration.milliseconds(5))

    init(_ applier: FeedApplier, logger: Logger) {
        self.applier = applier
        self.logger = logger
        // Pages of a feed come one after the other: what is dropped is noted again.
        (names, noted) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Notes that pages of a feed have been stored, and more are to come.
    func note(_ page: StagedPage) {
        atHand.withLock { atHand in
            if atHand.feed == page.feed { atHand.contents[page.position] = page.contents }
        }
        noted.yield(page.feed)
    }

    /// Waits while many pages are at hand: to read more of them would only take processors from where they are taken in.
    func catchUp() async throws {
        for _ in 0..<Self.limit.waits {
            guard atHand.withLock({ $0.contents.count >= Self.limit.pages }) else { return }
            try await Task.sleep(for: Self.limit.wait)
        }
    }

    /// Follows feeds until the process is told to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            for await name in self.names {
                self.atHand.withLock { $0.feed = name }
                do {
                    try await self.applier.follow(name, atHand: self.take)
                } catch {
                    self.logger.debug(
                        "a feed was not followed; it is settled at its end", metadata: ["error": "\(error)"])
                }
                self.atHand.withLock { $0 = AtHand() }
            }
        }
    }

    private func take(at position: Int) -> PageContents? {
        atHand.withLock { $0.contents.removeValue(forKey: position) }
    }
}
