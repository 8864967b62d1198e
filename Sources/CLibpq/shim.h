// libpq, and what waits for its sockets: Swift's Glibc module leaves these two headers out.
#include <libpq-fe.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
